/** The producer's desk: the show clock, the run sheet and its controls, cues, stages, announcements. */

import { clockOf, cueText, eventOf, isOn, nextSession, sessionOf, sessionsOf, shorten } from "./agenda_model.js";
import { AnnounceForm } from "./announce_form.js";
import { DelayDialog } from "./delay_dialog.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { GreenRoom } from "./green_room.js";
import { LongList } from "./long_list.js";
import { openPage } from "./page.js";
import { QualityReports } from "./quality_reports.js";
import { RunsheetRow } from "./runsheet_row.js";
import { field } from "./sign_in.js";
import { clockTime, clockTimeWithSeconds, countdown, lateness, minutesText } from "./times.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").CueState} CueState
 * @typedef {import("/sdk/types.js").Control} Control
 * @typedef {import("./runsheet_row.js").ControlName} ControlName
 */

const CUES_AHEAD = 4;
const CUES_BACK = 8;

const page = await openPage({ name: "produce", title: "Produce", roles: ["producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const desk = client.follow("produce");
const audience = client.follow("audience");
/** @type {LongList<Session, import("./runsheet_row.js").RowContext>} */
const sheet = new LongList(byId("sheet"), ({ id }) => id, newRow);
/** @type {import("./runsheet_row.js").RowContext | null} */
let context = null;
/** @type {Session[]} */
let sessions = [];
const reports = new QualityReports(page);
const greenRoom = new GreenRoom(
  { page, desk, choose },
  { list: byId("green-room"), note: byId("green-room-note"), link: byId("green-room-link") },
);

byId("hold").addEventListener("click", () => void hold());
byId("undo").addEventListener("click", () => void undo());
new AnnounceForm(page, byId("announce"));
desk.on("change", eachFrame(renderDesk));
audience.on("change", eachFrame(renderAudience));
client.on("welcome", render);
page.onChange(render);
page.onTick(renderTimes);

// Controls ------------------------------------------------------------------------------------------

/**
 * Runs a command and says how it went.
 *
 * @param {() => Promise<unknown>} command
 * @param {string} done
 */
async function run(command, done) {
  setText(byId("error"), "");
  setText(byId("note"), "");
  // A command that waited for the connection would act on a show that has gone on.
  if (client.status.state !== "connected") return setText(byId("error"), "You are not connected: nothing was sent. Try again once you are.");
  try {
    await command();
    setText(byId("note"), done);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
  return undefined;
}

/**
 * @param {ControlName} name
 * @param {string} id
 */
function control(name, id) {
  const session = sessionOf(page.items, id);
  if (!session) return;
  const title = `“${shorten(session.title, 60)}”`;
  if (name === "delay") new DelayDialog(page, session);
  else if (name === "extend") extendDialog(session);
  else if (name === "start") void run(() => client.produce.start(id), `${title} was started.`);
  else if (name === "end") void run(() => client.produce.end(id), `${title} was ended.`);
  else void run(() => client.produce.skip(id), `${title} was skipped.`);
}

/** @param {Session} session */
function extendDialog(session) {
  const dialog = byId("extend", HTMLDialogElement);
  const input = h("input", { id: "extend-minutes", type: "number", min: "-120", max: "240", value: "5", required: true });
  const submit = (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    const minutes = input.valueAsNumber;
    dialog.close();
    const longer = minutes < 0 ? "shorter" : "longer";
    void run(() => client.produce.extend(session.id, minutes), `${minutesText(minutes)} ${longer}.`);
  };
  dialog.replaceChildren(
    h(
      "form",
      { class: "stack", onsubmit: submit },
      h("h2", { id: "extend-title" }, `Extend “${session.title}”`),
      field("extend-minutes", "Minutes", input, "A negative number makes it shorter."),
      h("div", { class: "row" }, h("button", { class: "primary" }, "Extend"), h("button", { type: "button", onclick: () => dialog.close() }, "Cancel")),
    ),
  );
  dialog.showModal();
  input.select();
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
    ? run(() => client.produce.resume(), "The show clock runs.")
    : run(() => client.produce.hold(), "The show clock is held: nothing comes due.");
}

function undo() {
  const last = lastControl();
  return last && run(() => client.produce.undo(last.id), `Undone: ${controlText(last)}.`);
}

/** @returns {Control | undefined} */
function lastControl() {
  return desk.items.get("undo");
}

/** @param {Control} control */
function controlText({ name, session, minutes }) {
  const title = shorten(sessionOf(page.items, session)?.title ?? session, 30);
  return `${controlName(name)} “${title}”${minutesOf({ minutes })}`;
}

/** @param {Control["name"]} name */
function controlName(name) {
  return name === "source" ? "choice of source" : name;
}

/** @param {{minutes: number | null}} control */
function minutesOf({ minutes }) {
  return minutes === null ? "" : ` by ${minutes} min`;
}

// Rendering -----------------------------------------------------------------------------------------

function isReady() {
  return page.items.size > 0 && Boolean(client.welcome);
}

/** After a change of the agenda. */
function render() {
  if (!isReady()) return;
  sessions = sessionsOf(page.items);
  renderSheet();
  renderDesk();
  renderTimes();
}

/** After a change of the producer's channel. */
function renderDesk() {
  if (!isReady()) return;
  renderUndo();
  renderCues();
  greenRoom.render();
  reports.render(desk.items);
  renderPlanned();
  if (desk.ready) page.reveal();
}

/** As the clock goes. */
function renderTimes() {
  if (!isReady()) return;
  renderClock();
  renderNext();
  renderCountdowns();
}

function renderClock() {
  const clock = clockOf(page.items);
  const event = eventOf(page.items);
  const now = page.showNow();
  if (!clock || now === null) return;
  const rate = clock.rate === 1 ? "" : `, ${clock.rate} times as fast`;
  const mode = clock.mode === "rehearsal" ? `Rehearsal${rate}` : "Live";
  setText(byId("clock-label"), `Show time in ${event?.time_zone_label || event?.time_zone}. ${clock.held ? "Held." : `${mode}.`}`);
  setText(byId("clock"), clockTimeWithSeconds(now, event));
  byId("clock").dataset.held = String(clock.held);
  setText(byId("hold"), clock.held ? "Resume the clock" : "Hold the clock");
  byId("hold").classList.toggle("primary", clock.held);
}

function renderNext() {
  const showNow = page.showNow() ?? 0;
  const on = sessions.find(isOn);
  const next = nextSession(sessions);
  setText(byId("next-label"), on ? "On now" : next ? "Next" : "");
  setText(byId("next-title"), (on ?? next)?.title ?? "The event is over");
  const untilMs = on ? on.expected.end_ms : next?.expected.start_ms;
  if (untilMs === undefined) return setText(byId("next-count"), "");
  const leftMs = untilMs - showNow;
  const words = on ? (leftMs < 0 ? "over by" : "ends in") : "starts in";
  byId("next-count").dataset.over = String(leftMs < 0);
  return setText(byId("next-count"), `${words} ${countdown(Math.abs(leftMs))}`);
}

function renderUndo() {
  const last = lastControl();
  const button = byId("undo", HTMLButtonElement);
  button.disabled = !last?.undoable;
  setText(button, last?.undoable ? `Undo ${controlName(last.name)}${minutesOf(last)}` : "Nothing to undo");
  setAttribute(button, "aria-label", last?.undoable ? `Undo: ${controlText(last)}` : null);
  button.title = last?.undoable ? controlText(last) : "";
}

function renderSheet() {
  const event = eventOf(page.items);
  if (!event) return;
  if (context?.event !== event) context = { event, items: page.items, eventId: page.place.event };
  sheet.show(sessions, context);
}

/** @param {Session} session */
function newRow(session) {
  const row = new RunsheetRow(session, (name) => control(name, session.id));
  row.showPresent(presentAt(session.id));
  return row;
}

/** @param {string} session */
function presentAt(session) {
  return audience.levels.get(`session:${session}`) ?? 0;
}

function renderAudience() {
  for (const { id } of sessions) {
    const row = sheet.row(id);
    if (row instanceof RunsheetRow) row.showPresent(presentAt(id));
  }
}

function renderCues() {
  const cues = /** @type {CueState[]} */ (itemsOf("cue:"));
  const called = cues.filter(({ called_ms, dropped }) => called_ms !== null || dropped);
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

/**
 * @param {HTMLElement} item
 * @param {CueState} cue
 */
function updateCue(item, { session, cue, due_ms, called_ms, late_ms, dropped }) {
  const [line, when, mark] = /** @type {HTMLElement[]} */ ([...item.children]);
  if (!line || !when || !mark) return;
  const zone = eventOf(page.items);
  const title = shorten(sessionOf(page.items, session)?.title ?? session, 44);
  setText(line, cueText(cue));
  setText(when, due_ms === null ? title : `${clockTime(due_ms, zone)} ${title}`);
  const ahead = called_ms === null && !dropped;
  item.dataset.ahead = String(ahead);
  setText(mark, dropped ? "dropped" : ahead ? untilText(due_ms) : lateness(late_ms));
  mark.dataset.due = ahead ? String(due_ms) : "";
  mark.dataset.tone = dropped || ahead ? "" : late_ms >= 1000 ? "wait" : "ok";
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

function renderPlanned() {
  const zone = eventOf(page.items);
  keyed(
    byId("planned"),
    /** @type {import("/sdk/types.js").Announcement[]} */ (itemsOf("announcement:")),
    ({ id }) => id,
    ({ id }) =>
      h(
        "li",
        {},
        h("span", { class: "line text" }),
        h("span", { class: "small quiet" }),
        h("button", { class: "compact", type: "button", onclick: () => void run(() => client.moderate.cancelAnnouncement(id), "Cancelled.") }, "Cancel"),
      ),
    (item, { text, at_ms, session }) => {
      const [line, when] = /** @type {HTMLElement[]} */ ([...item.children]);
      if (!line || !when) return;
      setText(line, text);
      const to = session ? `, to “${shorten(sessionOf(page.items, session)?.title ?? session, 30)}”` : "";
      setText(when, at_ms === null ? "" : `At ${clockTime(at_ms, zone)}${to}`);
    },
  );
  show(byId("planned"), byId("planned").childElementCount > 0);
}

/**
 * @param {string} prefix of the keys in channel `produce`
 * @returns {any[]}
 */
function itemsOf(prefix) {
  return [...desk.items].filter(([key]) => key.startsWith(prefix)).map(([, item]) => item);
}
