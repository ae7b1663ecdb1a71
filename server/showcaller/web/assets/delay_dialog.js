/** Delaying a session and what comes after it: choose the minutes, see what moves, publish that. */

import { asShowcallerError } from "/sdk/index.js";

import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { PreviewBox } from "./preview_box.js";
import { field } from "./sign_in.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").Session} Session */

export class DelayDialog {
  #page;
  #session;
  #onDone;
  #dialog = byId("delay", HTMLDialogElement);
  #minutes = h("input", { id: "delay-minutes", type: "number", min: "-720", max: "720", step: "1", value: "5", required: true });
  #note = h("input", { id: "delay-note", maxlength: "280", autocomplete: "off", placeholder: say("The speaker’s line is being mended") });
  #error = h("p", { class: "error", role: "alert" });
  #publish = h("button", { class: "primary", type: "submit" }, say("Publish the delay"));
  #preview;

  /**
   * @param {import("./page.js").EventPage} page
   * @param {Session} session
   * @param {(minutes: number) => void} onDone
   */
  constructor(page, session, onDone) {
    this.#page = page;
    this.#session = session;
    this.#onDone = onDone;
    this.#preview = new PreviewBox(page);
    const steps = [-5, 1, 5, 10, 15].map((step) =>
      h("button", { class: "compact", type: "button", onclick: () => this.#set(step) }, `${step > 0 ? "+" : "−"}${Math.abs(step)}`),
    );
    const submit = (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      void this.#submit();
    };
    this.#dialog.replaceChildren(
      h(
        "form",
        { class: "stack", onsubmit: submit },
        h("h2", { id: "delay-title" }, say("Delay “{title}”", { title: session.title })),
        h("p", { class: "quiet small" }, say("Everything after it on the same stage moves too; breaks and gaps absorb what they can.")),
        h("div", { class: "row minutes" }, field("delay-minutes", say("Minutes"), this.#minutes), ...steps),
        field("delay-note", say("Why (everybody sees it; may stay empty)"), this.#note),
        this.#preview.element,
        this.#error,
        h("div", { class: "row" }, this.#publish, h("button", { type: "button", onclick: () => this.#dialog.close() }, say("Cancel"))),
      ),
    );
    this.#minutes.addEventListener("input", () => void this.#ask());
    this.#dialog.showModal();
    this.#minutes.select();
    void this.#ask();
  }

  /** @param {number} minutes */
  #set(minutes) {
    this.#minutes.value = String(minutes);
    void this.#ask();
  }

  async #ask(reason = "") {
    const minutes = this.#minutes.valueAsNumber;
    this.#publish.disabled = true;
    setText(this.#error, reason);
    if (!Number.isInteger(minutes)) return this.#preview.clear();
    try {
      const args = { session: this.#session.id, minutes };
      if (await this.#preview.ask({ command: "session.delay", args })) this.#publish.disabled = minutes === 0;
    } catch (error) {
      setText(this.#error, errorText(error));
    }
  }

  async #submit() {
    const minutes = this.#minutes.valueAsNumber;
    try {
      await this.#page.client?.produce.delay(this.#session.id, minutes, this.#preview.revision, this.#note.value.trim());
      this.#dialog.close();
      this.#onDone(minutes);
    } catch (error) {
      if (asShowcallerError(error).code === "stale_preview") await this.#ask(errorText(error));
      else setText(this.#error, errorText(error));
    }
  }
}
