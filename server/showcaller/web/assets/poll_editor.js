/** The dialog in which a poll is written and planned. */

import { h, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { KINDS } from "./poll_model.js";
import { ANCHORS, RESULTS, STEPS, draftFrom, linesOf, writtenFrom } from "./poll_desk_model.js";
import { field } from "./sign_in.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").DeskPoll} DeskPoll
 * @typedef {import("/sdk/types.js").PollDraft} PollDraft
 * @typedef {import("/sdk/types.js").PollPlan} PollPlan
 * @typedef {import("./poll_desk_model.js").Written} Written
 *
 * @typedef {object} Drafted
 * @property {Required<PollDraft>} draft
 * @property {PollPlan | null} plan
 * @property {boolean} open it is to be opened at once
 */

export class PollEditor {
  #save = async (/** @type {Drafted} */ _) => {};
  #error = h("p", { class: "error", role: "alert" });
  #title = h("h2", { id: "poll-edit-title" });
  #inputs = {
    kind: selectOf("poll-kind", KINDS),
    text: h("textarea", { id: "poll-text", rows: "2" }),
    options: h("textarea", { id: "poll-options", rows: "4" }),
    right: h("select", { id: "poll-right" }),
    most: h("input", { id: "poll-most", type: "number", min: "1", max: "12" }),
    timer: h("input", { id: "poll-timer", type: "number", min: "0", max: "3600", step: "5" }),
    anonymous: h("input", { id: "poll-anonymous", type: "checkbox" }),
    results: selectOf("poll-results", RESULTS),
    anchor: selectOf("poll-anchor", ANCHORS),
    minutes: h("input", { id: "poll-minutes", type: "number", min: "-720", max: "720" }),
  };
  #fields = {
    options: field("poll-options", say("Options"), this.#inputs.options, say("One a line.")),
    right: field("poll-right", say("Right option"), this.#inputs.right),
    most: field("poll-most", say("At most"), this.#inputs.most, say("So many can be chosen. Empty: all.")),
    minutes: field("poll-minutes", say("Minutes after"), this.#inputs.minutes, say("Negative: before.")),
  };
  #open = h("button", { type: "submit", value: "open" }, say("Save and open"));

  constructor() {
    const { kind, text, timer, anonymous, results, anchor } = this.#inputs;
    const submit = (/** @type {SubmitEvent} */ submitted) => {
      submitted.preventDefault();
      void this.#submit(submitted.submitter === this.#open);
    };
    const cancel = h("button", { type: "button", onclick: () => this.element.close() }, say("Cancel"));
    this.element = h(
      "dialog",
      { class: "poll-edit", "aria-labelledby": "poll-edit-title" },
      h(
        "form",
        { class: "stack", onsubmit: submit },
        this.#title,
        field("poll-kind", say("Kind"), kind),
        field("poll-text", say("Question"), text),
        this.#fields.options,
        this.#fields.right,
        h("div", { class: "pair" }, this.#fields.most, field("poll-results", say("Everybody sees results"), results), field("poll-timer", say("Timer in seconds"), timer, say("Empty: none."))),
        h("div", { class: "pair" }, field("poll-anchor", say("Opens"), anchor), this.#fields.minutes),
        h("label", { class: "check" }, anonymous, say("Anonymous: not even you see who voted how")),
        this.#error,
        h("div", { class: "row" }, h("button", { class: "primary", type: "submit" }, say("Save")), this.#open, cancel),
      ),
    );
    kind.addEventListener("change", () => this.#chosen());
    anchor.addEventListener("change", () => this.#chosen());
    this.#inputs.options.addEventListener("input", () => this.#offerRight());
  }

  /**
   * @param {DeskPoll | null} poll null: a new one
   * @param {(drafted: Drafted) => Promise<void>} save
   */
  edit(poll, save) {
    this.#save = save;
    const written = writtenFrom(poll);
    const { anonymous, ...texts } = this.#inputs;
    anonymous.checked = written.anonymous;
    for (const [name, input] of Object.entries(texts)) {
      if (name !== "right") input.value = String(written[/** @type {keyof Written} */ (name)]);
      setAttribute(input, "aria-invalid", null);
    }
    setText(this.#title, poll ? say("Edit the poll") : say("New poll"));
    setText(this.#error, "");
    this.#offerRight(written.right);
    this.#chosen();
    this.element.showModal();
    this.#inputs.text.focus();
  }

  #chosen() {
    const { kind, options, anchor } = this.#inputs;
    if (kind.value === "rating" && !options.value.trim()) options.value = STEPS;
    show(this.#fields.options, kind.value !== "words");
    show(this.#fields.right, kind.value === "quiz");
    show(this.#fields.most, kind.value === "multiple" || kind.value === "words");
    show(this.#fields.minutes, anchor.value !== "");
  }

  /** @param {string} [chosen] */
  #offerRight(chosen = this.#inputs.right.value) {
    const { right, options } = this.#inputs;
    right.replaceChildren(...linesOf(options.value).map((line, place) => new Option(line, String(place))));
    right.value = chosen;
    if (right.selectedIndex < 0) right.selectedIndex = 0;
  }

  /** @returns {Written} */
  #written() {
    const { anonymous, ...texts } = this.#inputs;
    const values = Object.fromEntries(Object.entries(texts).map(([name, input]) => [name, input.value]));
    return /** @type {Written} */ ({ ...values, anonymous: anonymous.checked });
  }

  /** @param {boolean} open */
  async #submit(open) {
    const found = draftFrom(this.#written());
    for (const [name, input] of Object.entries(this.#inputs)) {
      setAttribute(input, "aria-invalid", "problem" in found && found.field === name ? "true" : null);
    }
    if ("problem" in found) {
      setText(this.#error, found.problem);
      this.#inputs[found.field].focus();
      return;
    }
    try {
      await this.#save({ ...found, open });
      this.element.close();
    } catch (error) {
      setText(this.#error, errorText(error));
    }
  }
}

/**
 * @param {string} id
 * @param {Record<string, string>} choices
 */
function selectOf(id, choices) {
  return h("select", { id }, ...Object.entries(choices).map(([value, text]) => h("option", { value }, text)));
}
