/** The top of the producer's page, which stays in view: the show clock, what is on each stage, hold and undo. */

import { clockOf, eventOf, sessionOf, shorten } from "./agenda_model.js";
import { byId, h, keyed, setAttribute, setText } from "./dom.js";
import { onStages } from "./run_sheet_model.js";
import { eventIn, scopeText } from "./scope_model.js";
import { clockTimeWithSeconds, countdown } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Control} Control
 * @typedef {import("./run_sheet_model.js").OnStage} OnStage
 */

const FEW = 4; // lines that have room for words

export class DeskBar {
  #page;
  #jumpTo;
  #scope;
  /** @type {OnStage[]} */
  #lines = [];
  /** @type {Map<string, HTMLElement>} */
  #counts = new Map();

  /**
   * @param {import("./page.js").EventPage} page
   * @param {(session: Session) => void} jumpTo its row
   * @param {import("./scope_model.js").Scope} scope
   */
  constructor(page, jumpTo, scope) {
    this.#scope = scope;
    this.#page = page;
    this.#jumpTo = jumpTo;
  }

  /**
   * After a change of the agenda.
   *
   * @param {Session[]} sessions in their order
   */
  render(sessions) {
    const event = eventOf(this.#page.items);
    if (!event) return;
    this.#lines = onStages(sessions, eventIn(event, this.#scope));
    setText(byId("scope"), scopeText(event, this.#scope));
    const lines = this.#lines;
    byId("stages-now").dataset.many = String(lines.length > FEW);
    keyed(byId("stages-now"), lines, ({ key }) => key, (line) => this.#newLine(line), updateLine);
    setText(byId("all-over"), lines.length === 0 ? say("The event is over.") : "");
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    const clock = clockOf(this.#page.items);
    const event = eventOf(this.#page.items);
    const now = this.#page.showNow();
    if (!clock || now === null) return;
    const rehearsal = clock.rate === 1 ? say("Rehearsal") : say("Rehearsal, {rate} times as fast", { rate: clock.rate });
    const mode = clock.held ? say("Held") : clock.mode === "rehearsal" ? rehearsal : say("Live");
    setText(byId("clock-label"), `${mode}, ${event?.time_zone_label || event?.time_zone}`);
    setText(byId("clock"), clockTimeWithSeconds(now, event));
    byId("clock").dataset.held = String(clock.held);
    setText(byId("hold-word"), clock.held ? say("Resume") : say("Hold"));
    byId("hold").classList.toggle("primary", clock.held);
    for (const line of this.#lines) this.#count(line, now);
  }

  /**
   * @param {OnStage} line
   * @param {number} now
   */
  #count({ key, kind, session }, now) {
    const count = this.#counts.get(key);
    if (!count) return;
    const leftMs = (kind === "on" ? session.expected.end_ms : session.expected.start_ms) - now;
    const over = leftMs < 0;
    const left = countdown(Math.abs(leftMs));
    const ends = over ? say("over by {left}", { left }) : this.#lines.length > FEW ? left : say("ends in {left}", { left });
    setText(count, kind === "on" ? ends : over ? say("due since {left}", { left }) : say("in {left}", { left }));
    count.dataset.over = String(over);
  }

  /** @param {OnStage} line */
  #newLine(line) {
    const count = h("span", { class: "times count" });
    this.#counts.set(line.key, count);
    const jump = () => this.#jumpTo(line.session);
    return h(
      "li",
      {},
      h(
        "button",
        { class: "on-stage", type: "button", "data-kind": line.kind, onclick: jump },
        h("span", { class: "small where" }),
        count,
        h("span", { class: "what" }),
      ),
    );
  }

  /**
   * What could be undone.
   *
   * @param {Control | undefined} last
   */
  showUndo(last) {
    const button = byId("undo", HTMLButtonElement);
    button.disabled = !last?.undoable;
    const text = last?.undoable ? say("Undo: {what}", { what: controlName(last.name) + minutesOf(last) }) : "";
    setText(button, text || say("Nothing to undo"));
    // The name begins with what is read on it: so it is called by voice.
    setAttribute(button, "aria-label", text && last ? `${text}, “${titleOf(last, this.#page.items)}”` : null);
    button.title = last?.undoable ? controlText(last, this.#page.items) : "";
  }
}

/**
 * @param {HTMLElement} item
 * @param {OnStage} line
 */
function updateLine(item, { stage, kind, session }) {
  const where = /** @type {HTMLElement} */ (item.querySelector(".where"));
  const label = kind === "on" ? say("On now") : say("Next");
  setText(where, stage ? (kind === "next" ? say("{stage}, next", { stage }) : stage) : label);
  setText(/** @type {HTMLElement} */ (item.querySelector(".what")), session.title);
}

/**
 * @param {Control} control
 * @param {ReadonlyMap<string, any>} items
 */
export function controlText(control, items) {
  return `${controlName(control.name)} “${titleOf(control, items)}”${minutesOf(control)}`;
}

/**
 * @param {Control} control
 * @param {ReadonlyMap<string, any>} items
 */
function titleOf({ session }, items) {
  return shorten(sessionOf(items, session)?.title ?? session, 30);
}

/** @type {Record<Control["name"], string>} */
const CONTROLS = {
  start: say("start"),
  end: say("end"),
  extend: say("extend"),
  delay: say("delay"),
  skip: say("skip"),
  reopen: say("reopen"),
  source: say("choice of source"),
  move: say("move"),
  swap: say("swap"),
  cancel: say("cancel"),
  speaker: say("speaker"),
  break: say("break"),
};

/** @param {Control["name"]} name */
function controlName(name) {
  return CONTROLS[name] ?? name;
}

/** @param {{minutes: number | null}} control */
function minutesOf({ minutes }) {
  return minutes === null ? "" : say(" by {minutes} min", { minutes: String(minutes).replace("-", "−") });
}
