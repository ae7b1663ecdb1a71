/** One question on the moderation board: two lines, and all that can be done once it is chosen. */

import { h, keyed, setText, show } from "./dom.js";
import { shorten } from "./agenda_model.js";
import { ACTION_TEXT, GRAVE, actionsOf, agoText, claimOf } from "./moderation_model.js";
import { say, sayCount } from "./words.js";

/**
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Action} Action
 *
 * @typedef {object} CardContext
 * @property {ReadonlySet<string>} banned persons
 * @property {ReadonlySet<string>} silenced persons
 * @property {string} self who looks
 * @property {() => number} now server time
 * @property {(question: BoardQuestion) => BoardQuestion[]} similar what says nearly the same
 * @property {(question: BoardQuestion, into: string) => void} mergeInto
 * @property {(merged: import("/sdk/types.js").ModeratedQuestion) => void} takeOut
 */

const QUICK = 2; // actions that have a button without the question being chosen
const FIRST = 3; // that have one once it is chosen; the others stand below "More", and all have their keys

/** Drawn by hand, on a grid of 16. @type {Partial<Record<Action, string>>} */
const ICONS = {
  approve: "M3 8.5l3.2 3.5L13 4.5",
  reject: "M4 4l8 8M12 4l-8 8",
  push: "M8 13V4M4 7.5L8 3.5l4 4",
  rejectWith: "M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z",
  takeOver: "M3 8h9M8.5 4.5L12 8l-3.5 3.5",
  answered: "M2 8.5l2.7 3L9 6M7.5 10.5l1 1L14 5",
  pull: "M8 3v9M4 8.5l4 4 4-4",
};

export class ModerationCard {
  #asked = h("span", { class: "text asked" });
  #about = h("span", { class: "small quiet about" });
  #votes = h("span", { class: "times votes" });
  #ago = h("span", { class: "times ago" });
  #quick = h("div", { class: "quick" });
  #tags = h("span", { class: "marks" });
  #original = h("p", { class: "text small quiet original" });
  #also = h("ul", { class: "plain-list also", "aria-label": say("Merged into it") });
  #similar = h("ul", { class: "plain-list also", "aria-label": say("Similar questions") });
  #grave = h("div", { class: "row actions" });
  #further = h("div", { class: "row actions" });
  #reply = h("p", { class: "text reply small" });
  #reason = h("p", { class: "small quiet reason" });
  #actions = h("div", { class: "row actions" });
  #act;
  #more;
  /** @type {BoardQuestion | null} */
  #question = null;
  /** @type {CardContext | null} */
  #context = null;

  /**
   * @param {BoardQuestion} question
   * @param {(action: Action, question: BoardQuestion) => void} act
   */
  constructor({ id }, act) {
    this.#act = act;
    this.#more = h("details", { class: "further" }, h("summary", { class: "small" }, say("More")), this.#further, this.#grave);
    this.#actions.append(this.#more);
    this.element = h(
      "li",
      { class: "q", tabindex: "0", "data-question": id },
      h("p", { class: "meta" }, this.#votes, this.#ago),
      h("p", { class: "said" }, this.#tags, this.#asked, " ", this.#about),
      this.#quick,
      h("div", { class: "more stack" }, this.#original, this.#reply, this.#reason, this.#also, this.#similar, this.#actions),
    );
  }

  /**
   * @param {BoardQuestion} question
   * @param {CardContext} context
   */
  update(question, context) {
    this.#question = question;
    this.#context = context;
    const { text, votes, reply, reason, state } = question;
    this.element.dataset.state = state;
    setText(this.#asked, text);
    setText(this.#about, aboutText(question, context.banned));
    setText(this.#votes, votes > 0 || state !== "pending" ? String(votes) : "");
    this.#votes.title = sayCount(votes, "{count} vote", "{count} votes");
    setText(this.#reply, reply ?? "");
    show(this.#reply, Boolean(reply));
    setText(this.#reason, state === "withdrawn" ? say("Withdrawn by its author.") : reason ? say("Reason: {reason}", { reason }) : "");
    show(this.#reason, this.#reason.textContent !== "");
    this.#showOriginal(question);
    this.#showAlso(question);
    this.#showSimilar();
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    if (!this.#question || !this.#context) return;
    const { banned, silenced, self, now } = this.#context;
    this.#showActions(actionsOf(this.#question, banned, self, { silenced, nowMs: now() }));
    this.#showTags(this.#question, this.#context);
    const ago = agoText(this.#context.now() - this.#question.asked_ms);
    setText(this.#ago, ago);
    this.#ago.title = ago === say("now") ? say("Asked now") : say("Asked {time} ago", { time: ago });
  }

  /** @param {boolean} chosen */
  choose(chosen) {
    this.element.toggleAttribute("data-chosen", chosen);
    if (chosen) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
    this.#showSimilar();
  }

  /** @param {BoardQuestion} question */
  #showOriginal({ original }) {
    setText(this.#original, original ? say("Asked as: {original}", { original }) : "");
    show(this.#original, Boolean(original));
  }

  /**
   * Who has it in hand, and what was stuck on it.
   *
   * @param {BoardQuestion} question
   * @param {CardContext} context
   */
  #showTags(question, { self, now }) {
    const claim = claimOf(question, now());
    const holder = claim && (claim.person === self ? say("In your hand") : say("{name} has it in hand", { name: claim.name || say("Somebody") }));
    const also = question.also.length && say("{count} as one", { count: question.also.length + 1 });
    const marks = [holder, question.pinned && say("Pinned"), question.sent && say("Sent to speaker"), also, ...(question.labels ?? [])].filter(Boolean);
    keyed(this.#tags, marks.map(String), String, (mark) => h("span", { class: "tag", "data-tone": mark === holder ? "wait" : "" }, mark));
    this.element.toggleAttribute("data-held", Boolean(claim && claim.person !== self));
  }

  /** @param {BoardQuestion} question */
  #showAlso({ also }) {
    const takeOut = (/** @type {import("/sdk/types.js").ModeratedQuestion} */ one) => this.#context?.takeOut(one);
    show(this.#also, also.length > 0);
    keyed(this.#also, also, ({ id }) => id, (one) =>
      h("li", {}, h("span", { class: "text small" }, `${one.text} (${one.author || say("Nameless")})`), h("button", { class: "compact plain", type: "button", onclick: () => takeOut(one) }, say("Take out"))),
    );
  }

  /** Of the chosen one only: hundreds of them stand on the board. Further ones come first where one merges. */
  #showSimilar() {
    const question = this.#question;
    const chosen = this.element.hasAttribute("data-chosen");
    const mergeable = question?.state === "pending" || question?.state === "approved";
    const similar = chosen && question && mergeable ? (this.#context?.similar(question) ?? []).slice(0, 1) : [];
    const merge = (/** @type {string} */ into) => this.#question && this.#context?.mergeInto(this.#question, into);
    show(this.#similar, similar.length > 0);
    keyed(this.#similar, similar, ({ id, text }) => `${id} ${text}`, ({ id, text }) =>
      h("li", {}, h("span", { class: "small one-line", title: text }, say("Similar: {text}", { text: shorten(text, 120) })), h("button", { class: "compact plain", type: "button", onclick: () => merge(id) }, say("Merge into it"))),
    );
  }

  /** @param {Action[]} actions */
  #showActions(actions) {
    const act = (/** @type {Action} */ action) => this.#question && this.#act(action, this.#question);
    keyed(this.#quick, actions.filter((action) => !GRAVE.has(action)).slice(0, QUICK), String, (action) => quickButton(action, act));
    const plain = actions.filter((action) => !GRAVE.has(action));
    keyed(this.#actions, plain.slice(0, FIRST), String, (action) => actionButton(action, act));
    keyed(this.#further, plain.slice(FIRST), String, (action) => actionButton(action, act));
    show(this.#more, actions.length > FIRST);
    keyed(this.#grave, actions.filter((action) => GRAVE.has(action)), String, (action) => actionButton(action, act));
  }
}

/**
 * @param {BoardQuestion} question
 * @param {ReadonlySet<string>} banned
 */
function aboutText({ author, anonymous, edited, reply, person }, banned) {
  const parts = [author || say("Nameless"), anonymous && say("anonymous to others"), edited && say("edited"), reply && say("replied"), banned.has(person) && say("removed")];
  return parts.filter(Boolean).join(", ");
}

/**
 * @param {Action} action
 * @param {(action: Action) => void} act
 */
function actionButton(action, act) {
  const { label, key } = ACTION_TEXT[action];
  const kind = action === "approve" || action === "push" ? " primary" : action === "erase" || action === "ban" || action === "rejectAll" ? " danger" : "";
  return h("button", { class: `compact${kind}`, type: "button", "data-action": action, onclick: () => act(action) }, label, h("kbd", {}, key));
}

/**
 * @param {Action} action
 * @param {(action: Action) => void} act
 */
function quickButton(action, act) {
  const { label, key } = ACTION_TEXT[action];
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[action] ?? "");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  icon.append(path);
  // Reached with Tab once its question is chosen: then all actions have their words.
  const props = { class: "icon", type: "button", tabindex: "-1", "aria-label": label, title: `${label} (${key})`, "data-action": action };
  return h("button", { ...props, onclick: () => act(action) }, icon);
}
