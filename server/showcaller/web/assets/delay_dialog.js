/** Delaying a session and what comes after it: choose the minutes, see what moves, publish that. */

import { asShowcallerError } from "/sdk/index.js";

import { eventOf, sessionOf } from "./agenda_model.js";
import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { field } from "./sign_in.js";
import { clockRange } from "./times.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Shift} Shift
 */

export class DelayDialog {
  #page;
  #session;
  #onDone;
  #dialog = byId("delay", HTMLDialogElement);
  #minutes = h("input", { id: "delay-minutes", type: "number", min: "-720", max: "720", step: "1", value: "5", required: true });
  #rows = h("tbody");
  #error = h("p", { class: "error", role: "alert" });
  #publish = h("button", { class: "primary", type: "submit" }, "Publish the delay");
  /** Of the run sheet that the preview was made from. @type {number | null} */
  #revision = null;
  #asked = 0;

  /**
   * @param {import("./page.js").EventPage} page
   * @param {Session} session
   * @param {(minutes: number) => void} onDone
   */
  constructor(page, session, onDone) {
    this.#page = page;
    this.#session = session;
    this.#onDone = onDone;
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
        h("h2", { id: "delay-title" }, `Delay “${session.title}”`),
        h("p", { class: "quiet small" }, "Everything after it on the same stage moves too; breaks and gaps absorb what they can."),
        h("div", { class: "row minutes" }, field("delay-minutes", "Minutes", this.#minutes), ...steps),
        h("div", { class: "preview-box", tabindex: "0", role: "region", "aria-label": "What moves", "aria-live": "polite" }, table(this.#rows)),
        this.#error,
        h("div", { class: "row" }, this.#publish, h("button", { type: "button", onclick: () => this.#dialog.close() }, "Cancel")),
      ),
    );
    this.#minutes.addEventListener("input", () => void this.#preview());
    this.#dialog.showModal();
    this.#minutes.select();
    void this.#preview();
  }

  /** @param {number} minutes */
  #set(minutes) {
    this.#minutes.value = String(minutes);
    void this.#preview();
  }

  async #preview(reason = "") {
    const asked = ++this.#asked;
    this.#publish.disabled = true;
    try {
      const minutes = this.#minutes.valueAsNumber;
      const preview = await this.#page.client?.produce.previewDelay(this.#session.id, minutes);
      if (asked !== this.#asked || !preview) return; // other minutes were typed meanwhile
      this.#revision = preview.revision;
      this.#show(preview.shifts);
      setText(this.#error, reason);
      this.#publish.disabled = minutes === 0;
    } catch (error) {
      if (asked === this.#asked) setText(this.#error, errorText(error));
    }
  }

  /** @param {Shift[]} shifts */
  #show(shifts) {
    const zone = eventOf(this.#page.items);
    const lines = shifts.map(({ session, before_ms, after_ms, before_end_ms, after_end_ms }) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, sessionOf(this.#page.items, session)?.title ?? session),
        h("td", { class: "times quiet" }, clockRange(before_ms, before_end_ms, zone)),
        h("td", { class: "times" }, clockRange(after_ms, after_end_ms, zone)),
      ),
    );
    this.#rows.replaceChildren(...(lines.length ? lines : [h("tr", {}, h("td", { colspan: "3" }, "Nothing moves."))]));
  }

  async #submit() {
    const minutes = this.#minutes.valueAsNumber;
    try {
      await this.#page.client?.produce.delay(this.#session.id, minutes, this.#revision ?? undefined);
      this.#dialog.close();
      this.#onDone(minutes);
    } catch (error) {
      if (asShowcallerError(error).code === "stale_preview") await this.#preview(errorText(error));
      else setText(this.#error, errorText(error));
    }
  }
}

/** @param {HTMLElement} rows */
function table(rows) {
  const head = h("tr", {}, ...["Session", "Expected now", "After the delay"].map((text) => h("th", { scope: "col" }, text)));
  return h("table", {}, h("thead", {}, head), rows);
}
