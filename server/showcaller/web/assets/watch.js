/** A talk: the picture of its stage, who speaks, and its questions. */

import { viewerFigures } from "/sdk/index.js";

import { clockOf, eventOf, isAhead, isHeldUp, isOn, isOver, reasonOf, sessionOf, speakersOf, stageOf, statusOf } from "./agenda_model.js";
import { CaptionsPanel } from "./captions_panel.js";
import { ChatPanel } from "./chat_panel.js";
import { byId, keyed, setAttribute, setText, show } from "./dom.js";
import { FaceVideo } from "./face_video.js";
import { Favourites, showStar, starButton } from "./favourites.js";
import { offPlanMin } from "./moves_model.js";
import { openPage, refuse } from "./page.js";
import { address, placeOf } from "./place.js";
import { PeopleList } from "./people_list.js";
import { PlayerControls } from "./player_controls.js";
import { PollsPanel } from "./polls_panel.js";
import { posterOf, replayPoster } from "./poster_model.js";
import { QualityMenu } from "./quality_menu.js";
import { RatingForm } from "./rating_form.js";
import { QuestionsPanel } from "./questions_panel.js";
import { ReactionsBar } from "./reactions_bar.js";
import { inBrowser } from "./remember.js";
import { ReplayCompanion } from "./replay.js";
import { speakerItem } from "./session_row.js";
import { StagePlayer } from "./stage_player.js";
import { Timeline } from "./timeline.js";
import { clockRange, clockTime, countdown, minutesText, zoneLabel } from "./times.js";
import { Turning } from "./turning_model.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").Session} Session */

const AT_ONCE = "showcaller:at-once";
const LATE_AT_MOST_MS = 60_000; // who went back further is told of what is to come at once

const page = await openPage({ name: "watch", title: say("Watch") });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const video = byId("video", HTMLVideoElement);
const player = new StagePlayer(page.place.event, client, video, render);
const face = new FaceVideo(page.place.event, client, byId("face", HTMLVideoElement), render);
const controls = new PlayerControls(video);
const timeline = new Timeline(player, video);
const companion = new ReplayCompanion(player, page.place.event);
const questions = new QuestionsPanel(client, render, page.place.event, seenMs);
const polls = new PollsPanel(client, () => page.showNow());
const reactions = new ReactionsBar(client);
const chat = new ChatPanel(client, () => (player.replay ? player.momentMs : null));
const captions = new CaptionsPanel(client, page.place.event, player);
const rating = new RatingForm(client);
const people = new PeopleList(client);
const turning = new Turning();
/** The one that the page has gone on from by itself. @type {Session | null} */
let before = null;
/** The session whose replay somebody asked for. */
let again = "";
/** The poster in the place of the picture. @type {import("./poster_model.js").Poster | null} */
let poster = null;

const star = starButton(() => void favourites.toggle(page.place.session ?? ""));
const favourites = new Favourites(client, renderStar);
page.favourites = favourites;
byId("star").append(star);
new QualityMenu(player);
page.lateMs = lateMs;
page.isFresh = isFresh;
byId("at-once", HTMLInputElement).checked = inBrowser.get(AT_ONCE) === "yes";
byId("at-once").addEventListener("change", () => inBrowser.set(AT_ONCE, isAtOnce() ? "yes" : null));
byId("poster-again").addEventListener("click", () => watchAgain(page.place.session ?? ""));
for (const name of ["timeupdate", "play", "pause", "seeked"]) video.addEventListener(name, renderMoment);
byId("now-on-link").addEventListener("click", turnInPlace);
addEventListener("popstate", () => stayWith(placeOf().session ?? ""));
addEventListener("pagehide", () => {
  player.stop();
  face.show("");
});
byId("face-toggle").addEventListener("click", () => {
  setAttribute(byId("face-toggle"), "aria-pressed", String(!wantsFace()));
  render();
});
addEventListener("pageshow", ({ persisted }) => persisted && render());
setInterval(() => void showFigures(), 1000);
turnTo(page.place.session ?? "");
client.on("welcome", render);
page.onChange(render);
page.onTick(renderTimes);

/** @param {string} session the page shows this one from now on; the picture goes on if its stage is the same */
function turnTo(session) {
  page.place.session = session;
  questions.turnTo(session);
  polls.turnTo(session);
  reactions.turnTo(session);
  render();
}

/** @param {string} session that somebody went back to */
function stayWith(session) {
  before = null;
  turning.stay(session);
  turnTo(session);
}

/**
 * With the picture: title, questions and form.
 *
 * @param {Session} from
 * @param {Session} to
 */
function goOn(from, to) {
  before = from;
  history.pushState(null, "", address(page.place.event, "watch", to.id));
  turnTo(to.id);
}

/** @param {MouseEvent} clicked a plain click stays on this page: the picture must not stop for it */
function turnInPlace(clicked) {
  const link = byId("now-on-link", HTMLAnchorElement);
  if (clicked.button !== 0 || clicked.metaKey || clicked.ctrlKey || clicked.shiftKey) return;
  clicked.preventDefault();
  history.pushState(null, "", link.href);
  stayWith(placeOf().session ?? "");
  byId("main").focus();
}

function render() {
  if (page.items.size === 0) return;
  const session = sessionOf(page.items, page.place.session ?? "");
  if (!session) return refuse(say("There is no such session"), say("It may have been renamed. The agenda has all of them."));
  const stage = stageOf(page.items, session.stage);
  if (isOver(session) && (player.behindMs ?? 0) > LATE_AT_MOST_MS) watchAgain(session.id);
  const next = turning.next(session, stage, page.items);
  if (next) return goOn(session, next);
  if (client.welcome) renderPicture(session);
  renderTalk(session);
  renderPoster(session);
  renderTimes();
  renderMoved(session);
  renderNowOn(session);
  renderFace(session);
  renderSound();
  renderMoment();
  renderStar();
  reactions.offer(isOn(session) || session.state === "doors_open");
  captions.offer(session);
  chat.offer(session);
  rating.offer(session);
  people.offer(session.id, eventOf(page.items)?.people === "names");
  if (questions.ready) page.reveal();
  return undefined;
}

/** Of the stage, while the session may be seen there; of what was recorded, once it is over. @param {Session} session */
function renderPicture(session) {
  const stage = stageOf(page.items, session.stage);
  const opened = again === session.id || !turning.follows(session);
  if (session.replay && opened) return companion.open(session.id, true);
  return player.show(stage?.session === session.id || turning.follows(session) ? stage : undefined);
}

/** @param {string} session whose replay somebody wants to see, and not what is live */
function watchAgain(session) {
  if (again === session) return;
  again = session;
  turning.stay(session);
  render();
}

/** The server time of what is seen, if that is not now: questions are shown as of then. */
function seenMs() {
  return player.replay || !isAtOnce() ? player.momentMs : null;
}

/** How late the page is, with its picture, in telling what the clock does. */
function lateMs() {
  const behindMs = isAtOnce() ? 0 : (player.behindMs ?? 0);
  return behindMs <= LATE_AT_MOST_MS ? behindMs : 0;
}

/**
 * With the picture, and in a replay what is said now as well.
 *
 * @param {number} saidMs server time
 * @param {number} forMs
 */
function isFresh(saidMs, forMs) {
  const seen = seenMs();
  const now = (seen === null || player.replay !== null) && saidMs > page.serverNow() - forMs;
  return now || (seen !== null && saidMs <= seen && saidMs > seen - forMs);
}

function isAtOnce() {
  return byId("at-once", HTMLInputElement).checked;
}

/** As the picture goes on. */
function renderMoment() {
  const session = sessionOf(page.items, page.place.session ?? "");
  if (!session) return;
  timeline.render(session.recorded === true && isOn(session) && byId("screen").dataset.state === "live");
  show(byId("at-once-box"), player.way === "hls" && !player.replay);
  captions.tick();
  companion.render(client.follow(`session/${session.id}/questions`).items.values());
}

function renderStar() {
  const session = sessionOf(page.items, page.place.session ?? "");
  if (session) showStar(star, favourites, session);
}

/** @param {Session} session */
function renderTalk(session) {
  const event = eventOf(page.items);
  const status = statusOf(session, page.items, page.showNow() ?? 0);
  setText(byId("title"), session.title);
  setText(byId("abstract"), session.abstract);
  show(byId("abstract"), session.abstract !== "");
  setText(byId("state"), status.text);
  byId("state").dataset.tone = status.tone;
  show(byId("state"), status.text !== "");
  show(byId("recorded"), session.recorded === true);
  keyed(byId("speakers"), speakersOf(event, session), ({ id }) => id, (speaker) => speakerItem(speaker, page.place.event));
  setAttribute(byId("qa-pop"), "href", address(page.place.event, "questions", session.id));
  if (event) document.title = `${session.title} – ${event.title}`;
}

/**
 * A delay, or an early start, where one looks: by the picture, and beside the time.
 *
 * @param {Session} session
 */
function renderMoved(session) {
  const event = eventOf(page.items);
  const min = offPlanMin(session);
  const tells = min !== 0 && (isAhead(session) || (isOn(session) && min < 0));
  const at = clockTime(session.actual.start_ms ?? session.expected.start_ms, event);
  const reason = reasonOf(session, page.items);
  const told = tells ? movedText(session, min, at) : "";
  show(byId("moved"), tells || reason !== "");
  setText(byId("moved"), [told, reason].filter(Boolean).join(" "));
  byId("moved").dataset.tone = min > 0 ? "wait" : "accent";
  show(byId("planned"), min !== 0);
  setText(byId("planned"), clockTime(session.scheduled.start_ms, event));
}

/**
 * @param {Session} session
 * @param {number} min later than planned; negative: earlier
 * @param {string} at
 */
function movedText(session, min, at) {
  const told = { time: at, length: minutesText(min) };
  if (isOn(session)) return say("This talk began at {time}, {length} earlier than planned.", told);
  if (min > 0) return say("This talk starts at {time}, {length} later than planned.", told);
  return say("This talk starts at {time}, {length} earlier than planned.", told);
}

/** @param {Session} session */
function renderPoster(session) {
  const stage = stageOf(page.items, session.stage);
  poster = player.replay ? replayPoster(session, player.picture) : posterOf(session, stage, page.items, player.picture, page.showNow() ?? 0);
  show(byId("poster"), poster !== null);
  byId("screen").dataset.state = poster !== null ? "poster" : player.replay ? "replay" : "live";
  if (poster === null) return;
  show(byId("poster-again"), session.replay === true && !player.replay && player.refusal === "");
  setText(byId("poster-kind"), poster.kind);
  setText(byId("poster-title"), poster.title);
  setText(byId("poster-hint"), poster.hint);
  show(byId("poster-link"), poster.link !== null);
  if (poster.link) {
    setText(byId("poster-link"), say("Go to the next session"));
    setAttribute(byId("poster-link"), "href", address(page.place.event, "watch", poster.link.id));
  }
  if (poster.link === null && isOver(session)) {
    show(byId("poster-link"), true);
    setText(byId("poster-link"), say("To the agenda"));
    setAttribute(byId("poster-link"), "href", address(page.place.event));
  }
}

/** What waits for a talk that runs over does so from the moment at which it is due. @param {Session} session */
function renderWaiting(session) {
  renderTalk(session);
  renderPoster(session);
}

/** As the clock goes. */
function renderTimes() {
  polls.tick();
  questions.tick();
  chat.tick();
  renderMoment();
  const session = sessionOf(page.items, page.place.session ?? "");
  const event = eventOf(page.items);
  if (!session || !event) return;
  const { start_ms, end_ms } = session.expected;
  if (session.waiting_for) renderWaiting(session);
  const ahead = isAhead(session) && !isHeldUp(session, page.showNow() ?? 0) ? say(", starts in {left}", { left: countdownTo(start_ms) }) : "";
  setText(byId("when"), `${clockRange(start_ms, end_ms, event)} ${zoneLabel(event)}${ahead}`);
  const untilMs = poster?.untilMs ?? null;
  setText(byId("poster-count"), untilMs === null ? "" : countdownTo(untilMs));
}

/** @param {number} showMs */
function countdownTo(showMs) {
  const showNow = page.showNow();
  if (showNow === null) return "";
  return clockOf(page.items)?.held ? say("{left} (held)", { left: countdown(showMs - showNow) }) : countdown(showMs - showNow);
}

/**
 * What else there is to see: the talk that the page has gone on from, or the one that is on its stage.
 *
 * @param {Session} session
 */
function renderNowOn(session) {
  const onStage = stageOf(page.items, session.stage)?.session;
  const other = onStage && onStage !== session.id ? sessionOf(page.items, onStage) : undefined;
  const shown = before ?? (other && other.kind !== "break" && (isOn(other) || isAhead(other)) ? other : null);
  show(byId("now-on"), shown !== null);
  if (!shown) return;
  setText(byId("now-on-text"), before ? say("The next talk has begun. Stay with the last one:") : isOn(shown) ? say("Now on this stage:") : say("Next on this stage:"));
  setText(byId("now-on-link"), shown.title);
  setAttribute(byId("now-on-link"), "href", address(page.place.event, "watch", shown.id));
}

function wantsFace() {
  return byId("face-toggle").getAttribute("aria-pressed") === "true";
}

/** @param {Session} session whose slides may have a face beside them */
function renderFace(session) {
  const offered = session.face === true && byId("screen").dataset.state === "live" && player.way === "webrtc" && !player.picture.soundOnly;
  face.show(offered && wantsFace() && client.welcome ? session.stage : "");
  show(byId("face-toggle"), offered);
  show(byId("face-box"), face.playing);
  byId("screen").dataset.face = String(face.playing);
}

function renderSound() {
  const { state, soundOnly, unplayable } = player.picture;
  const alone = (soundOnly || unplayable !== "") && state === "connected";
  controls.offer(byId("screen").dataset.state !== "poster" || alone);
}

async function showFigures() {
  if (!byId("figures-box", HTMLDetailsElement).open) return;
  const report = await player.stats();
  if (player.way === "hls") return setText(byId("figures"), say("{size} by HLS, {frames} frames too late to be shown.", { size: `${video.videoWidth} × ${video.videoHeight}`, frames: player.droppedFrames }));
  if (!report) return setText(byId("figures"), say("No connection."));
  const { framesDecoded, framesPerSecond, width, height, packetsLost, roundTripMs } = viewerFigures(report);
  const trip = roundTripMs === null ? "" : say(", round trip {trip} ms", { trip: roundTripMs.toFixed(0) });
  const frames = say("{size}, {frames} frames a second, {decoded} decoded", { size: `${width} × ${height}`, frames: framesPerSecond.toFixed(0), decoded: framesDecoded });
  setText(byId("figures"), say("{frames}, {lost} packets lost", { frames, lost: packetsLost }) + trip);
}
