/** One question on the moderation board: two lines, and all that can be done once it is chosen. */

import { h, keyed, setText, show } from "./dom.js";
import { ACTION_TEXT, actionsOf, agoText } from "./moderation_model.js";

/**
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Action} Action
 *
 * @typedef {object} CardContext
 * @property {ReadonlySet<string>} banned persons
 * @property {string} self who looks
 * @property {() => number} now server time
 */

const QUICK = 2; // actions that have a button without the question being chosen

/** Drawn by hand, on a grid of 16. @type {Partial<Record<Action, string>>} */
const ICONS = {
  approve: "M3 8.5l3.2 3.5L13 4.5",
  reject: "M4 4l8 8M12 4l-8 8",
  push: "M8 13V4M4 7.5L8 3.5l4 4",
  answered: "M2 8.5l2.7 3L9 6M7.5 10.5l1 1L14 5",
  pull: "M8 3v9M4 8.5l4 4 4-4",
};

export class ModerationCard {
  #asked = h("span", { class: "text asked" });
  #about = h("span", { class: "small quiet about" });
  #votes = h("span", { class: "times votes" });
  #ago = h("span", { class: "times ago" });
  #quick = h("div", { class: "quick" });
  #reply = h("p", { class: "text reply small" });
  #reason = h("p", { class: "small quiet reason" });
  #actions = h("div", { class: "row actions" });
  #act;
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
    this.element = h(
      "li",
      { class: "q", tabindex: "0", "data-question": id },
      h("p", { class: "meta" }, this.#votes, this.#ago),
      h("p", { class: "said" }, this.#asked, " ", this.#about),
      this.#quick,
      h("div", { class: "more stack" }, this.#reply, this.#reason, this.#actions),
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
    this.#votes.title = votes === 1 ? "1 vote" : `${votes} votes`;
    setText(this.#reply, reply ?? "");
    show(this.#reply, Boolean(reply));
    setText(this.#reason, state === "withdrawn" ? "Withdrawn by its author." : reason ? `Reason: ${reason}` : "");
    show(this.#reason, this.#reason.textContent !== "");
    this.#showActions(actionsOf(question, context.banned, context.self));
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    if (!this.#question || !this.#context) return;
    setText(this.#ago, agoText(this.#context.now() - this.#question.asked_ms));
    this.#ago.title = `Asked ${this.#ago.textContent}${this.#ago.textContent === "now" ? "" : " ago"}`;
  }

  /** @param {boolean} chosen */
  choose(chosen) {
    this.element.toggleAttribute("data-chosen", chosen);
    if (chosen) this.element.setAttribute("aria-current", "true");
    else this.element.removeAttribute("aria-current");
  }

  /** @param {Action[]} actions */
  #showActions(actions) {
    const act = (/** @type {Action} */ action) => this.#question && this.#act(action, this.#question);
    keyed(this.#quick, actions.slice(0, QUICK), String, (action) => quickButton(action, act));
    keyed(this.#actions, actions, String, (action) => actionButton(action, act));
  }
}

/**
 * @param {BoardQuestion} question
 * @param {ReadonlySet<string>} banned
 */
function aboutText({ author, anonymous, edited, reply, person }, banned) {
  const parts = [author || "Nameless", anonymous && "anonymous to others", edited && "edited", reply && "replied", banned.has(person) && "removed"];
  return parts.filter(Boolean).join(", ");
}

/**
 * @param {Action} action
 * @param {(action: Action) => void} act
 */
function actionButton(action, act) {
  const { label, key } = ACTION_TEXT[action];
  const kind = action === "approve" || action === "push" ? " primary" : action === "erase" || action === "ban" ? " danger" : "";
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
