/**
 * Public questions with their votes, as they were chosen.
 *
 * While somebody points at the list or moves in it by keyboard, its order stays for a moment: a
 * button must not slip away from under a finger because others vote.
 */

import { h, keyed, setText, show } from "./dom.js";
import { AS_IT_COMES, orderOf, wantedOf } from "./question_list_model.js";
import { say, sayCount } from "./words.js";

const STEADY_MS = 3_000;

/**
 * @typedef {import("/sdk/types.js").Question} Question
 *
 * @typedef {Question & {votes: number, voted: boolean, own: boolean}} ListedQuestion
 */

export class QuestionList {
  #list;
  #onVote;
  /** @type {string[]} */
  #order = [];
  #touchedAtMs = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ListedQuestion[]} */
  #questions = [];
  #chosen = AS_IT_COMES;

  /**
   * @param {HTMLElement} list
   * @param {(question: ListedQuestion) => void} onVote
   */
  constructor(list, onVote) {
    this.#list = list;
    this.#onVote = onVote;
    for (const type of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      list.addEventListener(type, () => (this.#touchedAtMs = performance.now()));
    }
    list.addEventListener("pointerleave", () => (this.#touchedAtMs = -Infinity));
  }

  /** @param {import("./question_list_model.js").Chosen} chosen what is shown from now on, and in which order */
  choose(chosen) {
    this.#chosen = chosen;
    this.#order = [];
    this.#touchedAtMs = -Infinity;
    return this.render(this.#questions);
  }

  /**
   * @param {ListedQuestion[]} questions all that there are
   * @returns {number} how many of them are shown
   */
  render(questions) {
    this.#questions = questions;
    const wanted = wantedOf(questions, this.#chosen);
    const steadyMs = this.#touchedAtMs + STEADY_MS - performance.now();
    clearTimeout(this.#timer);
    if (steadyMs > 0) this.#timer = setTimeout(() => this.render(this.#questions), steadyMs);
    this.#order = orderOf(wanted, steadyMs > 0 ? this.#order : [], this.#chosen.sort);
    const byKey = new Map(wanted.map((question) => [question.id, question]));
    keyed(
      this.#list,
      this.#order.flatMap((id) => byKey.get(id) ?? []),
      ({ id }) => id,
      ({ id }) => this.#create(id),
      updateItem,
    );
    return wanted.length;
  }

  /** @param {string} id */
  #create(id) {
    const vote = () => {
      const question = this.#questions.find((one) => one.id === id);
      if (question) this.#onVote(question);
    };
    return h(
      "li",
      { class: "question", "data-question": id },
      h("button", { class: "vote times", type: "button", onclick: vote }, h("span", { class: "arrow", "aria-hidden": "true" }), h("span", { class: "votes" })),
      h(
        "div",
        { class: "said" },
        h("p", { class: "text asked" }),
        h("p", { class: "row small quiet" }, h("span", { class: "author" }), h("span", { class: "tag badge" }), h("span", { class: "marked" })),
        h("p", { class: "text reply" }),
      ),
    );
  }
}

/** @type {Record<string, string>} */
const BADGES = { on_air: say("On air"), answered: say("Answered") };

/**
 * @param {HTMLElement} item
 * @param {ListedQuestion} question
 */
function updateItem(item, { text, author, state, votes, voted, own, reply, pinned, clarified, merged = 0 }) {
  /** @param {string} part */
  const part = (part) => /** @type {HTMLElement} */ (item.querySelector(part));
  const vote = /** @type {HTMLButtonElement} */ (part(".vote"));
  item.dataset.state = state;
  setText(part(".votes"), String(votes));
  setText(part(".asked"), text);
  setText(part(".author"), own ? say("You") : (author ?? say("Anonymous")));
  setText(part(".badge"), BADGES[state] ?? "");
  show(part(".badge"), state in BADGES);
  const marks = [pinned && say("Pinned"), merged > 0 && sayCount(merged + 1, "Asked by {count} person", "Asked by {count} people"), clarified && say("Edited for clarity")].filter(Boolean);
  setText(part(".marked"), marks.join(", "));
  part(".badge").dataset.tone = state === "on_air" ? "live" : "ok";
  setText(part(".reply"), reply ?? "");
  show(part(".reply"), Boolean(reply));
  vote.setAttribute("aria-pressed", String(voted));
  vote.setAttribute("aria-label", own ? sayCount(votes, "{count} vote for your question", "{count} votes for your question") : say("Vote for this question, {votes} so far", { votes }));
  vote.disabled = own || state === "answered";
}
