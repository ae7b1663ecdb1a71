/** The producer's desk: the show clock, the run sheet and its controls, cues, stages, announcements. */

import { clockOf, cueText, eventOf, isOn, sessionOf, sessionsOf, shorten } from "./agenda_model.js";
import { AnnounceForm } from "./announce_form.js";
import { listAnnouncements } from "./announcement_list.js";
import { CheckList } from "./check_list.js";
import { rowChecksText } from "./check_list_model.js";
import { openCatchUp } from "./catch_up_dialog.js";
import { DelayDialog } from "./delay_dialog.js";
import { DeskBar, controlText } from "./desk_bar.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { EditDialog } from "./edit_dialog.js";
import { nextCues } from "./edit_model.js";
import { errorText } from "./error_text.js";
import { FeedbackReports } from "./feedback_reports.js";
import { GreenRoom } from "./green_room.js";
import { Overruns } from "./overruns.js";
import { openGuestDialog } from "./guest_dialog.js";
import { JoinedChannels } from "./joined_channels.js";
import { markOffline } from "./offline_mark.js";
import { offerText, openOffer } from "./offer_dialog.js";
import { openPage } from "./page.js";
import { listenForKeys } from "./produce_keys.js";
import { QualityReports } from "./quality_reports.js";
import { RunSheet } from "./run_sheet.js";
import { mostShorterMin } from "./run_sheet_model.js";
import { deskChannels, editsIn, scopeOf, sessionsIn } from "./scope_model.js";
import { field } from "./sign_in.js";
import { clockTime, countdown, lateness, minutesText } from "./times.js";
import { claimsOf } from "./token_claims.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").CueState} CueState
 * @typedef {import("/sdk/types.js").Control} Control
 * @typedef {import("./runsheet_row.js").ControlName} ControlName
 */

const CUES_AHEAD = 4;
const CUES_BACK = 8;
const COUNTED_AHEAD_MS = 60 * 60_000;
const SENDING_AFTER_MS = 400; // a reply that takes longer is waited for in words
const TOLD_MS = 15_000;

const page = await openPage({ name: "produce", title: say("Produce"), roles: ["producer", "stage_manager"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const scope = scopeOf(claimsOf(client.token));
const desk = new JoinedChannels(deskChannels(scope).map((channel) => client.follow(channel)));
const audience = client.follow("audience");
const sheet = new RunSheet(page, control, scope);
const bar = new DeskBar(page, (session) => sheet.jumpTo(session), scope);
const overruns = new Overruns(client, renderTimes);
/** @type {Session[]} */
let sessions = [];
/** Those that ran over when the clock was last looked at. @type {Set<string>} */
const overrunning = new Set();
/** Sessions that are on, or have a cue within the hour: their rows count. @type {Set<string>} */
let counted = new Set();
const reports = new QualityReports(page);
new FeedbackReports(page);
const greenRoom = new GreenRoom(
  { page, desk, choose, scope },
  { list: byId("green-room"), note: byId("green-room-note"), link: byId("green-room-link") },
);

byId("hold").addEventListener("click", () => void hold());
byId("print").addEventListener("click", () => void sheet.whole().then(() => print()));
byId("catch-up").addEventListener("click", () => {
  const rule = desk.items.get("catch_up");
  if (rule) openCatchUp(page, rule, (done) => teller(undefined)(done, "ok"));
});
byId("offer").addEventListener("click", () => {
  const offer = desk.items.get("offer");
  if (offer) openOffer(page, offer, (done) => teller(undefined)(done, "ok"));
});
byId("undo").addEventListener("click", () => void undo());
const checks = new CheckList({ page, run, wholeEvent: scope.all });
byId("main").dataset.scope = scope.all ? "event" : "stages";
if (scope.all) {
  new AnnounceForm(page, byId("announce"));
  listAnnouncements(page, client.follow("desk"));
}
markOffline(client);
listenForKeys({
  press: (session, name) => sheet.row(session)?.press(name) ?? false,
  edit: (id, kind) => {
    const session = sessionOf(page.items, id);
    if (session) edit(session, kind);
  },
  undo: () => void undo(),
});
desk.onChange(eachFrame(renderDesk));
audience.on("change", eachFrame(renderAudience));
client.on("welcome", render);
page.onChange(render);
page.onTick(renderTimes);

// Controls ------------------------------------------------------------------------------------------

/**
 * Runs a command and says how it went: beside its session, else beside the clock.
 *
 * @param {() => Promise<unknown>} command
 * @param {string} done
 * @param {string} [session]
 */
async function run(command, done, session) {
  const tell = teller(session);
  tell("", "wait");
  const sending = setTimeout(() => tell(say("Sending…"), "wait"), SENDING_AFTER_MS);
  try {
    await command();
    tell(done, "ok");
  } catch (error) {
    tell(errorText(error), "live");
  } finally {
    clearTimeout(sending);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let forgetting;

/**
 * @param {string | undefined} session
 * @returns {(text: string, tone: "wait" | "ok" | "live") => void}
 */
function teller(session) {
  return (text, tone) => {
    const row = session ? sheet.row(session) : undefined;
    row?.tell(text, tone);
    setText(byId("error"), tone === "live" && !row ? text : "");
    setText(byId("note"), tone !== "live" && !row ? text : "");
    setText(byId("said"), row ? text : "");
    clearTimeout(forgetting);
    if (tone === "ok") forgetting = setTimeout(() => teller(session)("", "wait"), TOLD_MS);
  };
}

/**
 * @param {ControlName} name
 * @param {string} id
 */
function control(name, id) {
  const session = sessionOf(page.items, id);
  if (!session) return;
  const title = `“${shorten(session.title, 40)}”`;
  if (name === "delay") new DelayDialog(page, session, (minutes) => teller(id)(delayedText(minutes), "ok"));
  else if (name === "extend") extendDialog(session);
  else if (name === "guest") openGuestDialog(page, session);
  else if (name === "edit") edit(session);
  else if (name === "start") void run(() => client.produce.start(id), say("{title} was started.", { title }), id);
  else if (name === "end") void run(() => client.produce.end(id), say("{title} was ended.", { title }), id);
  else if (name === "reopen") void run(() => client.produce.reopen(id), say("{title} was reopened.", { title }), id);
  else void run(() => client.produce.skip(id), say("{title} was skipped.", { title }), id);
}

/** @param {number} minutes */
function delayedText(minutes) {
  const length = minutesText(minutes);
  return minutes < 0 ? say("Moved forward by {length}.", { length }) : say("Delayed by {length}.", { length });
}

/**
 * @param {Session} session
 * @param {import("./edit_model.js").EditKind} [kind] the first that it allows, if left out
 */
function edit(session, kind = editsIn(session, scope)[0]) {
  if (kind && editsIn(session, scope).includes(kind)) new EditDialog(page, session, kind, (done) => teller(session.id)(done, "ok"), scope);
}

/** @param {Session} session */
function extendDialog(session) {
  const dialog = byId("extend", HTMLDialogElement);
  const input = h("input", { id: "extend-minutes", type: "number", min: "-120", max: "240", value: "5", required: true });
  const wrong = h("p", { class: "error", id: "extend-error", role: "alert" });
  const submit = (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    const minutes = input.valueAsNumber;
    const most = mostShorterMin(sessionOf(page.items, session.id) ?? session, page.showNow() ?? 0);
    const tooShort = -minutes > most;
    setText(wrong, tooShort ? shorterText(most, isOn(session)) : "");
    setAttribute(input, "aria-invalid", tooShort ? "true" : null);
    if (tooShort) return input.select();
    dialog.close();
    const length = minutesText(minutes);
    const done = minutes < 0 ? say("{length} shorter.", { length }) : say("{length} longer.", { length });
    void run(() => client.produce.extend(session.id, minutes), done, session.id);
    return undefined;
  };
  dialog.replaceChildren(
    h(
      "form",
      { class: "stack", onsubmit: submit },
      h("h2", { id: "extend-title" }, say("Extend “{title}”", { title: session.title })),
      field("extend-minutes", say("Minutes"), input, say("A negative number makes it shorter.")),
      wrong,
      h("div", { class: "row" }, h("button", { class: "primary" }, say("Extend")), h("button", { type: "button", onclick: () => dialog.close() }, say("Cancel"))),
    ),
  );
  dialog.showModal();
  input.select();
}

/**
 * @param {number} most minutes
 * @param {boolean} on whether the session is
 */
function shorterText(most, on) {
  const length = minutesText(most);
  if (most > 0 && on) return say("It would end before now: it can be made shorter by {length} at most.", { length });
  if (most > 0) return say("It would end before it starts: it can be made shorter by {length} at most.", { length });
  return on ? say("It would end before now: it can’t be made shorter. End it instead.") : say("It would end before it starts: it can’t be made shorter.");
}

/**
 * @param {string} session
 * @param {string} publication
 * @param {string} done
 */
function choose(session, publication, done) {
  void run(() => client.produce.choose(session, publication), done);
}

function hold() {
  const held = clockOf(page.items)?.held;
  return held
    ? run(() => client.produce.resume(), say("The show clock runs."))
    : run(() => client.produce.hold(), say("The show clock is held: nothing starts or ends by itself."));
}

function undo() {
  const last = lastControl();
  if (!last) return undefined;
  sheet.row(last.session)?.tell("", "wait"); // what it said is true no more
  return run(() => client.produce.undo(last.id), say("Undone: {what}.", { what: controlText(last, page.items) }));
}

/** @returns {Control | undefined} */
function lastControl() {
  return desk.items.get("undo");
}

// Rendering -----------------------------------------------------------------------------------------

function isReady() {
  return page.items.size > 0 && Boolean(client.welcome);
}

/** After a change of the agenda. */
function render() {
  if (!isReady()) return;
  sessions = sessionsIn(sessionsOf(page.items), scope);
  sheet.render();
  bar.render(sessions);
  renderDesk();
  renderTimes();
}

/** After a change of the producer's channel. */
function renderDesk() {
  if (!isReady()) return;
  bar.showUndo(lastControl());
  const rule = desk.items.get("catch_up");
  show(byId("catch-up"), Boolean(rule));
  const offer = desk.items.get("offer");
  show(byId("offer"), Boolean(offer));
  setText(byId("offer"), offer ? say("Schedule edited: {changes}…", { changes: offerText(offer) }) : "");
  setText(byId("catch-up"), rule?.on ? say("Catching up: on…") : say("Catching up: off…"));
  renderCues();
  checks.render(desk.items, sessions);
  for (const { id } of sessions) sheet.row(id)?.showChecks(rowChecksText(checks.checks, id));
  greenRoom.render();
  reports.render(desk.items);
  if (desk.ready) page.reveal();
}

/** As the clock goes. */
function renderTimes() {
  if (!isReady()) return;
  bar.tick();
  renderOverruns();
  for (const session of counted) sheet.row(session)?.tick();
  renderCountdowns();
}

/** What runs over, and what waits for it. */
function renderOverruns() {
  const event = eventOf(page.items);
  const showNow = page.showNow() ?? 0;
  for (const session of sessions) {
    const over = session.state === "overrunning";
    if (!over && !session.waiting_for && !overrunning.has(session.id)) continue;
    const row = sheet.row(session.id);
    row?.tick();
    if (event) row?.showEffect(overruns.textOf(session, sessions, showNow, event));
    if (over) overrunning.add(session.id);
    else overrunning.delete(session.id);
  }
}

function renderAudience() {
  sheet.showPresent((session) => audience.levels.get(`session:${session}`) ?? 0);
}

function renderCues() {
  const cues = /** @type {CueState[]} */ (itemsOf("cue:"));
  renderNext(nextCues(cues));
  const called = cues.filter(({ called_ms, dropped }) => called_ms !== null && !dropped);
  const ahead = cues.filter(({ called_ms, dropped, due_ms }) => called_ms === null && !dropped && due_ms !== null);
  called.sort((a, b) => (b.called_ms ?? 0) - (a.called_ms ?? 0));
  ahead.sort((a, b) => Number(a.due_ms) - Number(b.due_ms));
  keyed(
    byId("cues"),
    [...ahead.slice(0, CUES_AHEAD).reverse(), ...called.slice(0, CUES_BACK)],
    ({ session, cue }) => `${session}/${cue}`,
    () => h("li", {}, h("span", { class: "line" }), h("span", { class: "small quiet" }), h("span", { class: "tag" })),
    updateCue,
  );
}

/** @param {Map<string, CueState>} next */
function renderNext(next) {
  const until = (page.showNow() ?? 0) + COUNTED_AHEAD_MS;
  counted = new Set([...next].filter(([, { due_ms }]) => Number(due_ms) < until).map(([session]) => session));
  for (const { id } of sessions) sheet.row(id)?.showNext(next.get(id));
}

/**
 * @param {HTMLElement} item
 * @param {CueState} cue
 */
function updateCue(item, { session, cue, due_ms, called_ms, late_ms }) {
  const [line, when, mark] = /** @type {HTMLElement[]} */ ([...item.children]);
  if (!line || !when || !mark) return;
  const zone = eventOf(page.items);
  const title = shorten(sessionOf(page.items, session)?.title ?? session, 44);
  setText(line, cueText(cue));
  setText(when, due_ms === null ? title : `${clockTime(due_ms, zone)} ${title}`);
  const ahead = called_ms === null;
  item.dataset.ahead = String(ahead);
  setText(mark, ahead ? untilText(due_ms) : lateness(late_ms));
  mark.dataset.due = ahead ? String(due_ms) : "";
  mark.dataset.tone = ahead ? "" : late_ms >= 1000 ? "wait" : "ok";
}

/** @param {number | null} dueMs */
function untilText(dueMs) {
  return countdown(Number(dueMs) - (page.showNow() ?? 0));
}

function renderCountdowns() {
  for (const mark of byId("cues").querySelectorAll("[data-due]")) {
    if (mark instanceof HTMLElement && mark.dataset.due) setText(mark, untilText(Number(mark.dataset.due)));
  }
}

/**
 * @param {string} prefix of the keys in channel `produce`
 * @returns {any[]}
 */
function itemsOf(prefix) {
  return [...desk.items].filter(([key]) => key.startsWith(prefix)).map(([, item]) => item);
}
