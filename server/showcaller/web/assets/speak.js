/** A speaker's desk: check picture and sound, go on air, see the time that is left. */

import { publish, publisherFigures, viewerFigures } from "/sdk/index.js";

import { clockOf, eventOf, isOn, isOver, sessionOf, stageOf } from "./agenda_model.js";
import { armButton } from "./armed_button.js";
import { showLines } from "./backstage_lines.js";
import { askConsent } from "./consent.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { showFeedback } from "./feedback_list.js";
import { takesRatings } from "./feedback_model.js";
import { goToOwnSession, showOwnSessions } from "./own_sessions.js";
import { openPage, refuse } from "./page.js";
import { ScreenShare } from "./screen_share.js";
import { SourceSwitches } from "./source_switches.js";
import { Sources } from "./sources.js";
import { speakerClock } from "./speaker_clock_model.js";
import { showQueue } from "./speaker_queue.js";
import { StageVideo } from "./stage_video.js";
import { address } from "./place.js";
import { clockRange, clockTime, clockTimeWithSeconds, countdown, zoneLabel } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/index.js").MediaSession} MediaSession
 */

const page = await openPage({ name: "speak", title: say("Speak"), roles: ["speaker", "producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const sessionId = page.place.session ?? (await goToOwnSession(page));
const sources = new Sources(() => session()?.title ?? "", showClock, sourceChanged);
const switches = new SourceSwitches(() => sources.outgoing);
const room = client.follow(`session/${sessionId}`);
const mine = client.follow("me");
const renderConsent = askConsent(client, session, mine);
const slides = new ScreenShare({ event: page.place.event, session: sessionId, token: () => client.token, onChange: render });
const monitor = new StageVideo(page.place.event, client, byId("monitor-video", HTMLVideoElement), () => {});
/** @type {MediaSession | null} */
let publication = null;
let sent = { atMs: 0, bytes: 0 };
/** True when the server has heard us since we connected. */
let heard = false;

byId("go").addEventListener("click", goOnAir);
armButton(byId("leave", HTMLButtonElement), say("Really leave?"), leave);
byId("monitor").addEventListener("toggle", () => {
  if (!byId("monitor", HTMLDetailsElement).open) monitor.stop();
});
addEventListener("beforeunload", (leaving) => (publication ?? slides.publication) && leaving.preventDefault());
room.on("change", render);
mine.on("change", render);
client.on("welcome", checkPermission);
setInterval(() => void renderFigures(), 1000);
explainInsecurePage();
offerLargeTimer();
const backstage = client.follow(`session/${sessionId}/backstage`);
showQueue(client.follow(`session/${sessionId}/questions`), backstage);
showLines(backstage, () => page.serverNow());
/** @type {((over: boolean) => void) | null} */
let tellOver = null;
page.onChange(render);
page.onTick(render); // levels and figures change too

function session() {
  return sessionOf(page.items, sessionId);
}

function checkPermission() {
  const { sessions = [] } = client.welcome ?? {};
  if (!page.has("speaker") || page.has("producer") || sessions.includes(sessionId)) return;
  if (sessions.length === 0) return refuse(say("You do not speak in this session"), say("Your link is for no session. Ask the organiser for the right link."));
  return refuse(say("You do not speak in this session"), say("Your link is for another one."), { href: address(page.place.event, "speak"), text: say("To your session") });
}

/** The head alone, as large as the screen: for a second screen, or from the other end of a room. */
function offerLargeTimer() {
  show(byId("timer-full"), document.fullscreenEnabled === true);
  byId("timer-full").addEventListener("click", () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void byId("head").requestFullscreen().catch(() => {});
  });
  document.addEventListener("fullscreenchange", () => {
    setText(/** @type {Element} */ (byId("timer-full").lastElementChild), document.fullscreenElement ? say("Back") : say("Large timer"));
  });
}

/** Browsers give a page camera and microphone only in a secure context. */
function explainInsecurePage() {
  if (isSecureContext) return;
  byId("insecure").textContent =
    say("The address of this page begins with http://, so the browser allows it no camera and no microphone. Ask the organiser for the address that begins with https://. The test card works here too.");
  show(byId("insecure"), true);
  byId("sources").querySelector("input")?.setAttribute("disabled", "");
}

function showClock() {
  const now = page.showNow();
  return now === null ? "" : clockTimeWithSeconds(now, eventOf(page.items));
}

// On air --------------------------------------------------------------------------------------------

function goOnAir() {
  if (sources.outgoing.getTracks().length === 0) {
    return setText(byId("air-error"), say("Choose camera and microphone, or the test card, first."));
  }
  publication?.stop();
  publication = publish({
    event: page.place.event,
    session: sessionId,
    token: () => client.token,
    stream: sources.outgoing,
    source: byId("spare", HTMLInputElement).checked ? "spare" : "main",
  });
  publication.on("status", render);
  render();
}

function leave() {
  const ended = publication;
  publication = null;
  ended?.stop();
  render();
}

/** Other tracks go out on the same connection, if it has a place for each. */
function sourceChanged() {
  switches.apply();
  const senders = publication?.peer?.getSenders() ?? [];
  const tracks = sources.outgoing.getTracks();
  if (publication && tracks.length === 0) return leave();
  if (tracks.length !== senders.length) return publication?.reconnect();
  for (const sender of senders) {
    const track = tracks.find(({ kind }) => kind === sender.track?.kind);
    if (track) void sender.replaceTrack(track);
  }
  return render();
}

// Rendering -----------------------------------------------------------------------------------------

function render() {
  const now = session();
  if (page.items.size === 0) return;
  if (!now) return refuse(say("There is no such session"), say("It may have been renamed. The agenda has all of them."));
  const zone = eventOf(page.items);
  setText(byId("title"), now.title);
  const { start_ms, end_ms } = now.expected;
  setText(byId("when"), `${clockRange(start_ms, end_ms, zone)} ${zoneLabel(eventOf(page.items))}`);
  renderCountdown(now);
  renderAir(now);
  renderConsent();
  renderSlides(now);
  renderQuestion(now);
  renderChecks();
  renderFeedback(now);
  showOwnSessions(page);
  if (client.welcome) page.reveal();
  if (byId("monitor", HTMLDetailsElement).open && client.welcome) monitor.show(stageOf(page.items, now.stage));
  return undefined;
}

/** @param {Session} now */
function renderFeedback(now) {
  const over = takesRatings(now);
  if (over) tellOver ??= showFeedback(client.follow(`session/${sessionId}/feedback`));
  tellOver?.(over);
}

/** @param {Session} now */
function renderCountdown(now) {
  const showNow = page.showNow();
  if (showNow === null) return;
  const { label, ms, tone } = speakerClock(now, showNow);
  const held = label && clockOf(page.items)?.held ? say(", clock held") : "";
  setText(byId("count-label"), label + held);
  setText(byId("count"), ms === null ? say("Over") : countdown(ms));
  byId("head").dataset.tone = tone;
}

/**
 * What the run sheet has of a publication of ours.
 *
 * @param {MediaSession | null} published
 * @returns {import("/sdk/types.js").OwnPublication | undefined}
 */
function known(published) {
  return mine.items.get(`publication:${published?.id}`);
}

/**
 * The server says that we don't publish any more, though we do: a media worker was lost. It knows
 * long before our own connection notices the silence.
 *
 * @param {Session} now
 * @param {boolean} connected
 */
function comeBackIfLost(now, connected) {
  const there = known(publication) !== undefined;
  const lost = connected && heard && !there && !isOver(now);
  heard = connected && there;
  if (lost) publication?.reconnect();
}

/** @param {Session} now */
function renderAir(now) {
  const state = publication?.status.state ?? null;
  const connected = state === "connected";
  const there = connected ? known(publication) : undefined;
  // For a moment after the end the server keeps it: whoever reopens the session then has it on air again.
  if (publication && isOver(now) && !there) return leave();
  comeBackIfLost(now, connected);
  const out = there !== undefined && (there.on_stage || there.heard);
  setText(byId("tally"), out ? (isOn(now) ? say("On air") : say("On stage")) : connected ? say("Green room") : say("Off air"));
  byId("tally").dataset.state = out ? "on" : connected ? "room" : "off";
  show(byId("recorded"), now.recorded === true);
  if (!("armed" in byId("leave").dataset)) setText(byId("leave"), out ? say("Go off air") : say("Leave the green room"));
  const going = publication !== null && state !== "failed";
  show(byId("go"), !going);
  show(byId("leave"), going);
  byId("go", HTMLButtonElement).disabled = isOver(now) || sources.outgoing.getTracks().length === 0;
  byId("as", HTMLFieldSetElement).disabled = going;
  setText(byId("air-text"), airText(now, there));
  if (state === "failed") setText(byId("air-error"), errorText(publication?.status.error));
  else if (going) setText(byId("air-error"), "");
  return undefined;
}

/** @param {Session} now */
function renderSlides(now) {
  if (slides.publication && isOver(now) && !known(slides.publication)) return slides.stop();
  return slides.render(known(slides.publication)?.on_stage);
}

/**
 * @param {Session} now
 * @param {import("/sdk/types.js").OwnPublication | undefined} there as the run sheet has it
 */
function airText(now, there) {
  const zone = eventOf(page.items);
  if (isOver(now)) return say("This session is over. Thank you.");
  if (there?.heard && !there.on_stage) return say("The audience hears you and sees the slides.");
  if (there?.on_stage) return isOn(now) ? say("The audience sees and hears you.") : say("A producer has put you on stage: whoever is early sees and hears you.");
  switch (publication?.status.state) {
    case "connected":
      return greenRoomText(now, clockTime(now.expected.start_ms, zone));
    case "waiting":
      return say("The doors open at {time}. You are let in then; you need not do anything.", { time: clockTime(now.doors_open_ms, zone) });
    case "connecting":
      return say("Connecting…");
    case "reconnecting":
      return say("The connection was lost. Connecting again…");
    default:
      return sources.kind ? say("Ready when you are.") : say("Choose your source first.");
  }
}

/**
 * @param {Session} now
 * @param {string} starts
 */
function greenRoomText(now, starts) {
  const seen = say("You are in the green room: only producers see and hear you.");
  if (known(publication)?.source === "spare") return say("{seen} You stand in when the main picture falls silent.", { seen });
  return isOn(now) ? say("{seen} They put you on stage.", { seen }) : say("{seen} You go on stage at {starts}.", { seen, starts });
}

/** @param {Session} now */
function renderQuestion(now) {
  const question = isOver(now) ? undefined : room.items.get("question");
  setText(byId("question-text"), question?.text ?? say("None at the moment."));
  setText(byId("question-author"), question ? (question.author ?? say("Asked anonymously")) : "");
  byId("question-text").classList.toggle("quiet", !question);
  setText(byId("head-question"), question?.text ?? "");
  show(byId("head-question"), question !== undefined);
}

function renderChecks() {
  const { errorMs, roundTripMs } = client.clockQuality();
  const connected = client.status.state === "connected";
  const tracks = sources.outgoing.getTracks().map(({ kind }) => kind);
  const clockOk = errorMs !== null && errorMs < 250;
  const checks = [
    { id: "secure", ok: isSecureContext, text: isSecureContext ? say("Secure page") : say("Not a secure page: camera and microphone are blocked") },
    { id: "webrtc", ok: "RTCPeerConnection" in globalThis, text: say("This browser can send video") },
    { id: "connection", ok: connected, text: connected ? say("Connected, round trip {trip} ms", { trip: roundTripMs?.toFixed(0) ?? "?" }) : say("Not connected") },
    { id: "clock", ok: clockOk, text: errorMs === null ? say("Clock not measured yet") : say("Clock right to ±{error} ms", { error: errorMs.toFixed(0) }) },
    { id: "picture", ok: tracks.includes("video"), text: tracks.includes("video") ? say("Picture") : say("No picture yet") },
    { id: "sound", ok: sources.heard, text: sources.heard ? say("Sound is heard") : tracks.includes("audio") ? say("Say something: nothing heard yet") : say("No sound yet") },
  ];
  keyed(
    byId("checks"),
    checks,
    ({ id }) => id,
    () => h("li", {}, h("span", { class: "mark", "aria-hidden": "true" }), h("span", {})),
    (item, { ok, text }) => {
      item.dataset.ok = String(ok);
      setText(/** @type {Element} */ (item.firstElementChild), ok ? "✓" : "·");
      setText(/** @type {Element} */ (item.lastElementChild), text);
    },
  );
}

async function renderFigures() {
  await renderMonitorFigures();
  const report = (await publication?.stats()) ?? null;
  show(byId("figures"), report !== null && publication?.status.state === "connected");
  if (!report) return;
  const figures = publisherFigures(report);
  const atMs = performance.now();
  const kbit = (8 * (figures.bytesSent - sent.bytes)) / Math.max(1, atMs - sent.atMs);
  sent = { atMs, bytes: figures.bytesSent };
  const lines = [
    [say("Sending"), `${Math.max(0, kbit).toFixed(0)} kbit/s`],
    [say("Picture"), say("{size}, {frames} frames a second", { size: `${figures.width} × ${figures.height}`, frames: figures.framesPerSecond.toFixed(0) })],
    [say("Lost"), `${(100 * figures.lostShare).toFixed(1)} %`],
    [say("Round trip"), figures.roundTripMs === null ? "?" : `${figures.roundTripMs.toFixed(0)} ms`],
    [say("Limited by"), figures.limitedBy === "none" ? say("nothing") : figures.limitedBy],
  ];
  byId("figures").replaceChildren(...lines.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

async function renderMonitorFigures() {
  if (!byId("monitor", HTMLDetailsElement).open) return;
  const report = await monitor.stats();
  const figures = report && viewerFigures(report);
  const note = figures ? say("{size}, {frames} frames decoded", { size: `${figures.width} × ${figures.height}`, frames: figures.framesDecoded }) : say("Nothing is on this stage.");
  setText(byId("monitor-note"), note);
}
