/** One session on the moderation board: its questions in columns, and whether it takes any. */

import { isOn, sessionOf, shorten, statusOf } from "./agenda_model.js";
import { h, keyed, setAttribute, setText, show } from "./dom.js";
import { LongList } from "./long_list.js";
import { ModerationCard } from "./moderation_card.js";
import { SORTS, SORT_TEXT, boardOf } from "./moderation_model.js";
import { Steady, heldOrder } from "./steady.js";
import { say } from "./words.js";

/**
 * @typedef {import("./moderation_model.js").Action} Action
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Column} Column
 * @typedef {import("./moderation_model.js").Sort} Sort
 * @typedef {import("./moderation_card.js").CardContext} CardContext
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} LaneNeeds
 * @property {import("/sdk/index.js").ShowcallerClient} client
 * @property {(action: Action, question: BoardQuestion) => void} act
 * @property {(lane: Lane, session: string) => void} onTurn another session was chosen
 * @property {(lane: Lane) => void} onClose
 * @property {(lane: Lane) => void} onToggle its questions are to be opened or closed
 * @property {() => void} onChange its questions have changed
 */

const NOTHING = { pending: say("Nothing to review."), approved: say("None yet."), on_air: say("Nothing on air."), answered: say("None yet."), rejected: say("None yet.") };
const TITLES = { pending: say("To review"), approved: say("Approved"), on_air: say("On air"), answered: say("Answered"), rejected: say("Rejected and withdrawn") };

export class Lane {
  session = "";
  /** @type {Record<Column, BoardQuestion[]>} */
  board = boardOf([], new Map());
  #needs;
  #suffix;
  #leave = () => {};
  #select;
  #state = h("span", { class: "pill" });
  #open = h("span", { class: "tag" });
  #toggle;
  #close;
  #airTitle = h("p", { class: "small quiet" });
  /** @type {Record<Column, LaneColumn>} */
  #columns;

  /**
   * @param {number} place 0 for the first
   * @param {LaneNeeds} needs
   */
  constructor(place, needs) {
    this.place = place;
    this.#needs = needs;
    this.#suffix = place ? `-${place + 1}` : "";
    const id = (/** @type {string} */ name) => name + this.#suffix;
    const columns = /** @type {const} */ (["pending", "approved", "on_air", "answered", "rejected"]);
    const made = columns.map((column) => [column, new LaneColumn(column, id(column), needs)]);
    this.#columns = Object.fromEntries(made);
    this.#select = h("select", { id: id("session"), "aria-label": say("Session"), onchange: () => needs.onTurn(this, this.#select.value) });
    this.#toggle = h("button", { class: "compact", type: "button", id: id("qa-toggle"), onclick: () => needs.onToggle(this) });
    this.#close = h("button", { class: "compact plain", type: "button", "aria-label": say("Close this session"), onclick: () => needs.onClose(this) }, "✕");
    const { pending, approved, on_air, answered, rejected } = this.#columns;
    this.element = h(
      "section",
      { class: "lane" },
      h("div", { class: "lane-head" }, this.#select, this.#close, this.#state, this.#open, this.#toggle),
      h("div", { class: "lane-columns" }, h("div", { class: "pile" }, pending.element, rejected.element), h("div", { class: "pile" }, approved.element, answered.element)),
    );
    this.air = h("div", { class: "air" }, this.#airTitle, on_air.element);
  }

  /** @param {string} session to show from now on */
  turnTo(session) {
    if (session === this.session) return;
    this.stop();
    this.session = session;
    const channel = this.#needs.client.follow(`session/${session}/moderation`);
    this.#leave = channel.on("change", this.#needs.onChange);
    for (const column of Object.values(this.#columns)) column.forget();
  }

  stop() {
    this.#leave();
    if (this.session) this.#needs.client.unfollow(`session/${this.session}/moderation`);
  }

  get ready() {
    return this.#channel.ready;
  }

  get #channel() {
    return this.#needs.client.follow(`session/${this.session}/moderation`);
  }

  /** Whether the session takes questions now, as the moderator may change. @param {ReadonlyMap<string, any>} items */
  isOpen(items) {
    return sessionOf(items, this.session)?.qa === "open";
  }

  /**
   * @param {ReadonlyMap<string, any>} items of the agenda
   * @param {Session[]} sessions to choose from
   * @param {{words: string, alone: boolean, context: CardContext}} view
   */
  render(items, sessions, { words, alone, context }) {
    const session = sessionOf(items, this.session);
    if (!session) return;
    this.#renderHead(session, items, sessions, alone);
    const sorts = Object.fromEntries(Object.entries(this.#columns).map(([name, column]) => [name, column.sort]));
    this.board = boardOf(this.#channel.items.values(), this.#channel.levels, { words, sorts });
    for (const [name, column] of Object.entries(this.#columns)) {
      column.render(this.board[/** @type {Column} */ (name)], { context, words });
    }
  }

  /**
   * @param {Session} session
   * @param {ReadonlyMap<string, any>} items
   * @param {Session[]} sessions
   * @param {boolean} alone
   */
  #renderHead(session, items, sessions, alone) {
    keyed(
      this.#select,
      sessions,
      ({ id }) => id,
      ({ id }) => h("option", { value: id }),
      (option, one) => setText(option, shorten(one.title, 70) + (isOn(one) ? say(" (live)") : "")),
    );
    this.#select.value = session.id;
    setAttribute(this.element, "aria-label", say("Questions to “{title}”", { title: session.title }));
    const { text, tone } = statusOf(session, items);
    setText(this.#state, text || say("Upcoming"));
    this.#state.dataset.tone = tone;
    const { qa, pre_moderated } = session;
    const open = qa === "open";
    setText(this.#open, qa === "off" ? say("Takes no questions") : open ? (pre_moderated ? say("Open, reviewed first") : say("Open, public at once")) : say("Questions closed"));
    this.#open.dataset.tone = open ? "ok" : "";
    show(this.#toggle, qa !== "off");
    setText(this.#toggle, open ? say("Close questions") : say("Open questions"));
    show(this.#close, !alone);
    show(this.#airTitle, !alone);
    setText(this.#airTitle, shorten(session.title, 60));
  }

  /** As the clock goes. */
  tick() {
    for (const column of Object.values(this.#columns)) column.tick();
  }

  /** The card of a question, if this lane shows it. @param {string} question */
  card(question) {
    for (const column of Object.values(this.#columns)) {
      const card = column.card(question);
      if (card) return card;
    }
    return undefined;
  }
}

class LaneColumn {
  /** @type {Sort | undefined} */
  sort;
  #name;
  #needs;
  #body;
  #list;
  #count = h("span", { class: "tag times" });
  /** @type {string[]} */
  #order = [];
  #words = "";
  #steady;
  /** @type {BoardQuestion[]} */
  #shown = [];

  /**
   * @param {Column} name
   * @param {string} id
   * @param {LaneNeeds} needs
   */
  constructor(name, id, needs) {
    this.#name = name;
    this.#needs = needs;
    this.#body = h("ol", { class: "plain-list column", id, "data-column": name, "aria-labelledby": `${id}-title`, "data-empty": NOTHING[name] });
    this.#steady = new Steady(this.#body, needs.onChange);
    /** @type {LongList<BoardQuestion, CardContext>} */
    this.#list = new LongList(this.#body, ({ id: question }) => question, (question) => new ModerationCard(question, needs.act));
    const title = h("h2", { id: `${id}-title` }, TITLES[name], this.#count);
    if (name === "answered" || name === "rejected") {
      this.element = h("details", { class: "pile-part folded" }, h("summary", {}, title), this.#body);
    } else if (name === "on_air") {
      show(title, false); // the side says it once for all sessions
      this.element = h("div", { class: "pile-part" }, title, this.#body);
    } else {
      this.element = h("div", { class: "pile-part grows", role: "group", "aria-labelledby": `${id}-title` }, h("div", { class: "pile-head" }, title, this.#sorting(id)), this.#body);
    }
  }

  /** @param {string} id */
  #sorting(id) {
    const select = h("select", { class: "small", id: `${id}-sort`, "aria-label": say("Order of “{column}”", { column: TITLES[this.#name] }) });
    select.append(...SORTS[this.#name].map((sort) => h("option", { value: sort }, SORT_TEXT[sort])));
    select.addEventListener("change", () => {
      this.sort = /** @type {Sort} */ (select.value);
      this.#order = [];
      this.#needs.onChange();
    });
    return select;
  }

  /** Another session is shown from now on. */
  forget() {
    this.#order = [];
  }

  /**
   * @param {BoardQuestion[]} questions in their order
   * @param {{context: CardContext, words: string}} view
   */
  render(questions, { context, words }) {
    const byId = new Map(questions.map((question) => [question.id, question]));
    const ids = questions.map(({ id }) => id);
    const held = words === this.#words && this.#order.length > 0 && this.#steady.held;
    this.#words = words;
    this.#order = held ? heldOrder(ids, this.#order, (id) => byId.has(id)) : ids;
    this.#shown = this.#order.flatMap((id) => byId.get(id) ?? []);
    setText(this.#count, String(questions.length));
    this.#list.show(this.#shown, context);
  }

  tick() {
    for (const { id } of this.#shown) this.card(id)?.tick();
  }

  /** @param {string} question */
  card(question) {
    const card = this.#list.row(question);
    return card instanceof ModerationCard ? card : undefined;
  }
}
