/** One session on the run sheet, with its controls. Made once, then kept up to date. */

import { cueText, isAhead, isOn, isOver, sessionsOf, shorten, speakersOf, statusOf } from "./agenda_model.js";
import { armButton } from "./armed_button.js";
import { h, setText, show } from "./dom.js";
import { overMs, overText } from "./edit_model.js";
import { address } from "./place.js";
import { WHOLE_EVENT, editsIn, guestMayCome } from "./scope_model.js";
import { clockRange, clockTime, countdown, minutesText } from "./times.js";
import { locale, say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").CueState} CueState
 * @typedef {"start" | "end" | "extend" | "delay" | "skip" | "reopen" | "edit" | "guest"} ControlName
 *
 * @typedef {object} RowContext
 * @property {import("/sdk/types.js").Event} event
 * @property {ReadonlyMap<string, any>} items
 * @property {string} eventId
 * @property {boolean} stages whether a row says its stage
 * @property {import("./scope_model.js").Scope} scope
 * @property {() => number} showNow
 */

const NEXT_CUE_WITHIN_MS = 60 * 60_000; // further ahead nobody counts
const numbers = new Intl.NumberFormat(locale);

export class RunsheetRow {
  #scheduled = h("td", { class: "times", role: "cell", "data-label": say("Scheduled") });
  #expected = h("td", { class: "times", role: "cell", "data-label": say("Expected") });
  #when = h("span");
  #actual = h("td", { class: "times", role: "cell", "data-label": say("Actual") }, this.#when);
  #stage = h("span", { class: "tag" });
  #title = h("a", {});
  #who = h("span", { class: "small quiet" });
  #status = h("span", { class: "pill" });
  #recorded = h("span", { class: "pill", "data-tone": "live" }, say("Being recorded"));
  #air = h("span", { class: "tag" });
  #present = h("span", { class: "small quiet times" });
  #checks = h("span", { class: "tag", "data-tone": "wait" });
  #over = h("span", { class: "small over" });
  #next = h("p", { class: "small quiet times" });
  /** What the clock calls next. @type {CueState | undefined} */
  #cue = undefined;
  #effect = h("p", { class: "small effect" });
  #told = h("p", { class: "small told-here" });
  /** @type {Record<ControlName, HTMLButtonElement>} */
  #buttons;
  /** @type {Session | null} */
  #session = null;
  /** @type {RowContext | null} */
  #context = null;

  /**
   * @param {Session} session
   * @param {(control: ControlName) => void} onControl
   */
  constructor(session, onControl) {
    const button = (/** @type {string} */ label) => h("button", { class: "compact", type: "button" }, label);
    this.#buttons = {
      start: button(say("Start now")),
      extend: button(say("Extend…")),
      end: button(say("End now")),
      delay: button(say("Delay…")),
      edit: button(say("Edit…")),
      guest: button(say("Guest…")),
      skip: button(say("Skip")),
      reopen: button(say("Reopen")),
    };
    for (const name of /** @type {const} */ (["extend", "delay", "edit", "guest"])) {
      this.#buttons[name].addEventListener("click", () => onControl(name));
    }
    const ends = () => say("End “{title}”?", { title: shorten(this.#endedByStart()?.title ?? "", 30) });
    armButton(this.#buttons.start, ends, () => onControl("start"), () => this.#endedByStart() !== undefined);
    this.#buttons.end.classList.add("danger");
    armButton(this.#buttons.end, say("End it?"), () => onControl("end"));
    armButton(this.#buttons.reopen, say("Reopen it?"), () => onControl("reopen"));
    armButton(this.#buttons.skip, say("Skip it?"), () => onControl("skip"));
    this.#actual.append(this.#over);
    const about = h("div", { class: "about-line" }, this.#stage, this.#who);
    this.element = h(
      "tr",
      { role: "row", "data-session": session.id },
      this.#scheduled,
      this.#expected,
      this.#actual,
      h("th", { role: "rowheader", scope: "row" }, this.#title, about),
      h("td", { role: "cell", class: "state-cell" }, h("div", { class: "row" }, this.#status, this.#recorded, this.#air, this.#checks, this.#present), this.#next, this.#effect, this.#told),
      h("td", { role: "cell" }, h("div", { class: "row controls-cell" }, ...Object.values(this.#buttons))),
    );
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  update(session, context) {
    const { event, eventId, stages } = context;
    this.#session = session;
    this.#context = context;
    const time = (/** @type {number | null} */ ms) => (ms === null ? "–" : clockTime(ms, event));
    this.element.dataset.state = session.state;
    setText(this.#scheduled, time(session.scheduled.start_ms));
    setText(this.#expected, isOver(session) ? "–" : clockRange(session.expected.start_ms, session.expected.end_ms, event));
    this.#expected.dataset.moved = String(Math.abs(session.delayed_min) >= 1 && !isOver(session));
    const { start_ms, end_ms } = session.actual;
    setText(this.#when, start_ms === null || end_ms === null ? time(start_ms) : clockRange(start_ms, end_ms, event));
    setText(this.#title, session.title);
    this.#title.setAttribute("href", address(eventId, "watch", session.id));
    show(this.#stage, stages);
    setText(this.#stage, stages ? (event.stages.find(({ id }) => id === session.stage)?.title ?? session.stage) : "");
    const length = minutesText((session.scheduled.end_ms - session.scheduled.start_ms) / 60_000);
    const names = speakersOf(event, session).map(({ name }) => name).join(", ");
    setText(this.#who, names ? `${length}, ${names}` : length);
    show(this.#recorded, session.recorded === true);
    this.#showAir(session);
    this.#showButtons(session);
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    if (!this.#session || !this.#context) return;
    const { text, tone } = statusOf(this.#session, this.#context.items, this.#context.showNow());
    setText(this.#status, text || say("On time"));
    this.#status.dataset.tone = tone;
    const ms = overMs(this.#session, this.#context.showNow());
    setText(this.#over, overText(ms));
    this.#over.dataset.tone = ms > 0 ? "wait" : "";
    this.#countDown();
  }

  /** @param {CueState | undefined} cue what the clock calls next of this session */
  showNext(cue) {
    this.#cue = cue;
    this.#countDown();
  }

  /** Presses one of its buttons, as a key does; tells whether it has that one now. @param {ControlName} name */
  press(name) {
    const button = this.#buttons[name];
    if (button.hidden) return false;
    button.focus();
    button.click();
    return true;
  }

  #countDown() {
    const leftMs = Number(this.#cue?.due_ms ?? NaN) - (this.#context?.showNow() ?? 0);
    const soon = this.#cue && leftMs < NEXT_CUE_WITHIN_MS;
    setText(this.#next, soon && this.#cue ? say("{cue} in {left}", { cue: cueText(this.#cue.cue), left: countdown(leftMs) }) : "");
  }

  /** @param {number} present how many are at the session */
  showPresent(present) {
    setText(this.#present, present ? say("{count} here", { count: numbers.format(present) }) : "");
  }

  /** @param {string} text what is still to check; empty: nothing */
  showChecks(text) {
    setText(this.#checks, text);
    show(this.#checks, text !== "");
  }

  /** @param {string} text whom it holds up; empty: it does not run over */
  showEffect(text) {
    setText(this.#effect, text);
  }

  /**
   * How the last command about this session goes.
   *
   * @param {string} text
   * @param {"wait" | "ok" | "live"} tone
   */
  tell(text, tone) {
    this.#told.dataset.tone = tone;
    setText(this.#told, text);
  }

  /** What a start would end: what is on, on the same stage. */
  #endedByStart() {
    const { stage } = this.#session ?? {};
    return sessionsOf(this.#context?.items ?? new Map()).find((one) => isOn(one) && one.stage === stage);
  }

  /** @param {Session} session */
  #showAir(session) {
    const ready = isOn(session) || session.state === "doors_open";
    const [somebody, nobody] = isOn(session) ? [say("On air"), say("Nobody on air")] : [say("In the green room"), say("Nobody in the green room")];
    show(this.#air, session.on_air || (ready && session.kind !== "break"));
    setText(this.#air, session.on_air ? somebody : nobody);
    this.#air.dataset.tone = session.on_air ? "ok" : "wait";
  }

  /** @param {Session} session */
  #showButtons(session) {
    const { title } = session;
    show(this.#buttons.start, isAhead(session));
    show(this.#buttons.end, isOn(session));
    show(this.#buttons.extend, isOn(session));
    show(this.#buttons.delay, isAhead(session));
    show(this.#buttons.edit, editsIn(session, this.#context?.scope ?? WHOLE_EVENT).length > 0);
    show(this.#buttons.guest, guestMayCome(session, this.#context?.scope ?? WHOLE_EVENT));
    show(this.#buttons.skip, isAhead(session));
    show(this.#buttons.reopen, isOver(session));
    for (const button of Object.values(this.#buttons)) button.setAttribute("aria-describedby", `row-${session.id}`);
    this.#title.id = `row-${session.id}`;
    this.#title.title = title;
  }
}
