/** One question on the moderation board. */

import { h, setText, show } from "./dom.js";
import { ACTIONS, ACTION_TEXT } from "./moderation_model.js";

/**
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Action} Action
 *
 * @param {BoardQuestion} question
 * @param {(action: Action) => void} act
 * @returns {HTMLElement}
 */
export function moderationCard(question, act) {
  return h(
    "li",
    { class: "card q", tabindex: "0", "data-question": question.id, "data-state": question.state },
    h("p", { class: "text asked" }),
    h("p", { class: "row small quiet" }, h("span", { class: "author" }), h("span", { class: "tag votes times" }), h("span", { class: "tag edited" }, "edited")),
    h("p", { class: "text reply small" }),
    h("p", { class: "small quiet reason" }),
    h("div", { class: "row actions" }, ...(ACTIONS[question.state] ?? []).map((action) => actionButton(action, act))),
  );
}

/**
 * @param {Action} action
 * @param {(action: Action) => void} act
 */
function actionButton(action, act) {
  const { label, key } = ACTION_TEXT[action];
  const primary = action === "approve" || action === "push";
  return h(
    "button",
    { class: primary ? "compact primary" : "compact", type: "button", title: `Key: ${key}`, "data-action": action, onclick: () => act(action) },
    label,
  );
}

/**
 * @param {HTMLElement} card
 * @param {BoardQuestion} question
 */
export function updateCard(card, { text, author, anonymous, votes, edited, reply, reason, state }) {
  /** @param {string} part */
  const part = (part) => /** @type {HTMLElement} */ (card.querySelector(part));
  setText(part(".asked"), text);
  setText(part(".author"), anonymous ? `${author} (anonymous to others)` : author);
  setText(part(".votes"), votes === 1 ? "1 vote" : `${votes} votes`);
  show(part(".votes"), votes > 0 || state !== "pending");
  show(part(".edited"), edited);
  setText(part(".reply"), reply ?? "");
  show(part(".reply"), Boolean(reply));
  setText(part(".reason"), state === "withdrawn" ? "Withdrawn by its author" : reason ? `Reason: ${reason}` : "");
  show(part(".reason"), part(".reason").textContent !== "");
}
