/** The run sheet: filters, one table or one for each stage, and the row of each session. */

import { dayOf, eventOf, sessionsOf } from "./agenda_model.js";
import { dayTabs } from "./agenda_view_model.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { LongList } from "./long_list.js";
import { inTab } from "./remember.js";
import { WHOLE_SHEET, byStartAndStage, chosenOfSheet, liveSession, sheetChoicesFrom, sheetParts } from "./run_sheet_model.js";
import { RunsheetRow } from "./runsheet_row.js";
import { WHOLE_EVENT, eventIn, sessionsIn } from "./scope_model.js";
import { Steady, heldOrder } from "./steady.js";
import { say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("./run_sheet_model.js").DayLine} DayLine
 * @typedef {import("./run_sheet_model.js").SheetPart} SheetPart
 * @typedef {import("./runsheet_row.js").ControlName} ControlName
 */

const WIDE = "(min-width: 60rem)";
const COLUMNS = [say("Scheduled"), say("Expected"), say("Actual"), say("Session"), say("State")];

export class RunSheet {
  #page;
  #keptAs;
  #onControl;
  #scope;
  /** @type {import("./run_sheet_model.js").SheetChoices | null} */
  #choices = null;
  /** @type {Session[]} */
  #sessions = [];
  /** @type {Map<string, SheetTable>} */
  #tables = new Map();
  /** @type {import("./runsheet_row.js").RowContext | null} */
  #context = null;
  /** What is shown now, in its order. @type {string[]} */
  #order = [];
  #steady = new Steady(byId("sheets"), () => this.#render());
  /** Of each session: how many are there. @type {(session: string) => number} */
  #presentAt = () => 0;

  /**
   * @param {import("./page.js").EventPage} page
   * @param {(control: ControlName, session: string) => void} onControl
   * @param {import("./scope_model.js").Scope} [scope]
   */
  constructor(page, onControl, scope = WHOLE_EVENT) {
    this.#scope = scope;
    this.#page = page;
    this.#onControl = onControl;
    this.#keptAs = `showcaller:produce:${page.place.event}`;
    const words = byId("words", HTMLInputElement);
    words.addEventListener("input", () => this.#choose({ words: words.value }));
    byId("stage").addEventListener("change", () => this.#choose({ stage: byId("stage", HTMLSelectElement).value }));
    byId("views").addEventListener("change", () => this.#choose({ columns: byId("view-columns", HTMLInputElement).checked }));
    byId("past").addEventListener("click", () => this.#choose({ past: !this.#chosen().past }));
    byId("to-live").addEventListener("click", () => this.jumpTo(liveSession(this.#sessions)));
    byId("show-all").addEventListener("click", () => this.#chooseAll());
    byId("filters", HTMLDetailsElement).open = matchMedia(WIDE).matches;
  }

  /** After a change of the agenda. */
  render() {
    const event = this.#event();
    this.#sessions = event ? byStartAndStage(sessionsIn(sessionsOf(this.#page.items), this.#scope), event) : [];
    this.#render();
  }

  /** @param {(session: string) => number} presentAt how many are at a session */
  showPresent(presentAt) {
    this.#presentAt = presentAt;
    for (const { id } of this.#sessions) this.row(id)?.showPresent(presentAt(id));
  }

  /** The row of a session, if it is shown. @param {string} session */
  row(session) {
    for (const { list } of this.#tables.values()) {
      const row = list.row(session);
      if (row instanceof RunsheetRow) return row;
    }
    return undefined;
  }

  /** Once all rows stand there, also those that nobody has scrolled to. */
  async whole() {
    await Promise.all([...this.#tables.values()].map(({ list }) => list.whole()));
  }

  /** To the row of a session, whatever was filtered out. @param {Session | undefined} session */
  jumpTo(session) {
    const event = this.#event();
    if (!session || !event) return;
    if (!this.#order.includes(session.id)) {
      const { day, columns } = this.#chosen();
      byId("words", HTMLInputElement).value = "";
      this.#choose({ ...WHOLE_SHEET, columns, past: true, day: day && dayOf(session, event, false) });
    }
    void this.whole().then(() => {
      const row = this.row(session.id)?.element;
      row?.scrollIntoView({ block: "start", inline: "nearest" });
      row?.querySelector("a")?.focus({ preventScroll: true });
    });
  }

  #event() {
    const event = eventOf(this.#page.items);
    return event && eventIn(event, this.#scope);
  }

  // What to show ------------------------------------------------------------------------------------

  #chosen() {
    const event = this.#event();
    if (!event) return WHOLE_SHEET;
    return (this.#choices ??= sheetChoicesFrom(inTab.get(this.#keptAs), event));
  }

  /** @param {Partial<import("./run_sheet_model.js").SheetChoices>} changed */
  #choose(changed) {
    this.#choices = { ...this.#chosen(), ...changed };
    inTab.set(this.#keptAs, JSON.stringify(this.#choices));
    this.#order = [];
    this.#render();
  }

  #chooseAll() {
    byId("words", HTMLInputElement).value = "";
    this.#choose({ ...WHOLE_SHEET, columns: this.#chosen().columns });
    byId("words").focus();
  }

  // Rendering ---------------------------------------------------------------------------------------

  #render() {
    const event = this.#event();
    if (!event) return;
    const choices = this.#chosen();
    const { shown, folded } = chosenOfSheet(this.#sessions, choices, event, this.#page.showNow() ?? 0);
    this.#renderTools(event, choices, folded);
    this.#renderTables(sheetParts(this.#held(shown), choices, event), event);
    show(byId("none"), this.#order.length === 0);
  }

  /**
   * Keeps the order while somebody is at it.
   *
   * @param {Session[]} wanted
   */
  #held(wanted) {
    const byKey = new Map(this.#sessions.map((session) => [session.id, session]));
    const ids = wanted.map(({ id }) => id);
    const held = this.#order.length > 0 && this.#steady.held;
    this.#order = held ? heldOrder(ids, this.#order, (id) => byKey.has(id)) : ids;
    return this.#order.flatMap((id) => byKey.get(id) ?? []);
  }

  /**
   * @param {import("/sdk/types.js").Event} event
   * @param {import("./run_sheet_model.js").SheetChoices} choices
   * @param {number} folded
   */
  #renderTools(event, { day, stage, columns, past }, folded) {
    const tabs = dayTabs(event, [], false);
    const several = event.stages.length > 1;
    const newTab = (/** @type {{day: string, text: string}} */ tab) =>
      h("button", { class: "compact chip", type: "button", onclick: () => this.#choose({ day: tab.day }) }, tab.text);
    show(byId("days"), tabs.length > 0);
    keyed(byId("days"), tabs, (tab) => tab.day, newTab, (tab, one) => tab.setAttribute("aria-pressed", String(one.day === day)));
    show(byId("stage"), several);
    show(byId("views"), several);
    const option = (/** @type {{id: string, title: string}} */ { id, title }) => h("option", { value: id }, title);
    keyed(byId("stage"), [{ id: "", title: say("All stages") }, ...event.stages], ({ id }) => id, option);
    byId("stage", HTMLSelectElement).value = stage;
    byId(columns ? "view-columns" : "view-list", HTMLInputElement).checked = true;
    show(byId("past"), folded > 0);
    setText(byId("past"), sayCount(folded, "{count} past session", "{count} past sessions"));
    byId("past").setAttribute("aria-pressed", String(past));
  }

  /**
   * @param {SheetPart[]} parts
   * @param {import("/sdk/types.js").Event} event
   */
  #renderTables(parts, event) {
    const { columns, stage } = this.#chosen();
    const stages = event.stages.length > 1 && !columns && !stage;
    if (this.#context?.event !== event || this.#context.stages !== stages) {
      this.#context = { event, items: this.#page.items, eventId: this.#page.place.event, stages, scope: this.#scope, showNow: () => this.#page.showNow() ?? 0 };
    }
    byId("sheets").dataset.view = columns ? "columns" : "list";
    keyed(byId("sheets"), parts, ({ key }) => key, (part) => this.#newTable(part));
    for (const key of this.#tables.keys()) if (!parts.some((part) => part.key === key)) this.#tables.delete(key);
    for (const { key, lines } of parts) this.#tables.get(key)?.list.show(lines, this.#context);
  }

  /** @param {SheetPart} part */
  #newTable(part) {
    const table = new SheetTable(part, (line) => this.#newRow(line));
    this.#tables.set(part.key, table);
    return table.element;
  }

  /** @param {Session | DayLine} line */
  #newRow(line) {
    if (!("id" in line)) {
      return { element: h("tr", { class: "day", role: "row" }, h("th", { role: "columnheader", colspan: "6" }, line.day)), update: () => {} };
    }
    const row = new RunsheetRow(line, (name) => this.#onControl(name, line.id));
    row.showPresent(this.#presentAt(line.id));
    return /** @type {import("./long_list.js").Row<any, any>} */ (row);
  }
}

class SheetTable {
  /**
   * @param {SheetPart} part
   * @param {(line: Session | DayLine) => import("./long_list.js").Row<any, any>} newRow
   */
  constructor({ key, title }, newRow) {
    const head = (/** @type {string} */ text) => h("th", { role: "columnheader", scope: "col" }, text);
    const controls = h("th", { role: "columnheader", scope: "col" }, h("span", { class: "visually-hidden" }, say("Controls")));
    const body = h("tbody", { role: "rowgroup", "data-empty": say("Nothing here.") });
    const id = `sheet-${key || "all"}`;
    /** @type {LongList<Session | DayLine, import("./runsheet_row.js").RowContext>} */
    this.list = new LongList(body, (line) => ("id" in line ? line.id : line.key), newRow);
    this.element = h(
      "div",
      { class: "sheet-part" },
      title && h("h2", { id }, title),
      h(
        "table",
        { class: "sheet", role: "table", "aria-labelledby": title ? id : "sheet-title" },
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...COLUMNS.map(head), controls)),
        body,
      ),
    );
  }
}
