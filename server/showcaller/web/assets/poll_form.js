/** The form in which somebody votes in one poll, by its kind. */

import { h, setText } from "./dom.js";
import { howText, voteFrom } from "./poll_model.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Poll} Poll
 * @typedef {import("/sdk/types.js").OwnPollVote} OwnPollVote
 */

export class PollForm {
  #poll;
  #fields;
  #error = h("p", { class: "error", role: "alert" });

  /**
   * @param {Poll} poll
   * @param {(vote: OwnPollVote) => void} send
   */
  constructor(poll, send) {
    this.#poll = poll;
    this.#fields = fieldsOf(poll);
    const submit = (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      const found = voteFrom(poll, this.#fields.chosen());
      setText(this.#error, "problem" in found ? found.problem : "");
      if ("vote" in found) send(found.vote);
    };
    const how = howText(poll);
    this.element = h(
      "form",
      { class: "stack poll-form", onsubmit: submit },
      h("fieldset", { class: "stack" }, h("legend", { class: "visually-hidden" }, poll.text), how && h("p", { class: "hint" }, how), ...this.#fields.elements),
      this.#error,
      h("div", { class: "row" }, h("button", { class: "primary", type: "submit" }, say("Vote"))),
    );
  }

  /** Shows a vote that is to be changed. @param {OwnPollVote} vote */
  fill(vote) {
    this.#fields.fill(vote);
  }

  focus() {
    const first = this.element.querySelector("input:checked, input, .poll-rank button:not(:disabled)");
    if (first instanceof HTMLElement) first.focus();
  }

  get poll() {
    return this.#poll;
  }
}

/**
 * @typedef {object} Fields
 * @property {HTMLElement[]} elements
 * @property {() => {options: number[], words: string[]}} chosen
 * @property {(vote: OwnPollVote) => void} fill
 *
 * @param {Poll} poll
 * @returns {Fields}
 */
function fieldsOf(poll) {
  if (poll.kind === "words") return wordFields(poll);
  return poll.kind === "ranking" ? rankFields(poll) : choiceFields(poll);
}

/** @param {Poll} poll @returns {Fields} */
function choiceFields({ id, kind, options }) {
  const type = kind === "multiple" ? "checkbox" : "radio";
  const inputs = options.map((_, place) => h("input", { type, name: `vote-${id}`, value: String(place) }));
  const elements = options.map((option, place) => h("label", { class: "check poll-option" }, inputs[place], h("span", { class: "text" }, option)));
  return {
    elements: kind === "rating" ? [h("div", { class: "row" }, ...elements)] : elements,
    chosen: () => ({ options: inputs.flatMap((input, place) => (input.checked ? [place] : [])), words: [] }),
    fill: (vote) => inputs.forEach((input, place) => (input.checked = (vote.options ?? []).includes(place))),
  };
}

/** @param {Poll} poll @returns {Fields} */
function wordFields({ id, most }) {
  const inputs = [...Array(most).keys()].map((n) => h("input", { type: "text", id: `word-${id}-${n}`, maxlength: "60", autocomplete: "off", "aria-label": most === 1 ? say("Your word") : say("Word {number}", { number: n + 1 }) }));
  return {
    elements: inputs,
    chosen: () => ({ options: [], words: inputs.map((input) => input.value) }),
    fill: (vote) => inputs.forEach((input, n) => (input.value = vote.words?.[n] ?? "")),
  };
}

/** All options in an order that buttons change; it is announced where one has come to. @param {Poll} poll @returns {Fields} */
function rankFields({ options }) {
  let order = options.map((_, place) => place);
  const said = h("p", { class: "visually-hidden", role: "status" });
  const rows = options.map((option, place) => {
    const move = (/** @type {number} */ by) => () => moveBy(place, by);
    const up = h("button", { class: "compact", type: "button", "aria-label": say("Move up: {option}", { option }), onclick: move(-1) }, "▲");
    const down = h("button", { class: "compact", type: "button", "aria-label": say("Move down: {option}", { option }), onclick: move(1) }, "▼");
    return { element: h("li", { class: "poll-rank" }, h("span", { class: "text" }, option), up, down), up, down };
  });
  const list = h("ol", { class: "poll-ranks" });

  function show() {
    order.forEach((place, at) => {
      const row = rows[place];
      if (!row) return;
      row.up.disabled = at === 0;
      row.down.disabled = at === order.length - 1;
      if (list.children[at] !== row.element) list.insertBefore(row.element, list.children[at] ?? null);
    });
  }

  /**
   * @param {number} place
   * @param {number} by
   */
  function moveBy(place, by) {
    const at = order.indexOf(place);
    order.splice(at, 1);
    order.splice(at + by, 0, place);
    show();
    const row = rows[place];
    const first = by < 0 ? row?.up : row?.down;
    (first?.disabled ? (by < 0 ? row?.down : row?.up) : first)?.focus();
    setText(said, say("{option}: place {place} of {all}", { option: options[place] ?? "", place: at + by + 1, all: options.length }));
  }

  show();
  return {
    elements: [list, said],
    chosen: () => ({ options: order, words: [] }),
    fill: (vote) => {
      const known = vote.options ?? [];
      order = [...known, ...options.map((_, place) => place).filter((place) => !known.includes(place))];
      show();
    },
  };
}
