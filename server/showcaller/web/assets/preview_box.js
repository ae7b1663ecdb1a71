/** What a control would move: asked of the server, shown as a table. */

import { eventOf, sessionOf } from "./agenda_model.js";
import { h } from "./dom.js";
import { clockRange } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Shift} Shift
 * @typedef {import("./edit_model.js").Command} Command
 */

const RESTS_MS = 250; // whoever types a note asks once, not with each letter

export class PreviewBox {
  #page;
  #askedAtMs = -RESTS_MS;
  #rows = h("tbody");
  #asked = 0;
  /** Of the run sheet that the preview was made from. @type {number | undefined} */
  revision = undefined;

  /** @param {import("./page.js").EventPage} page */
  constructor(page) {
    this.#page = page;
    const head = h("tr", {}, ...[say("Session"), say("Expected now"), say("Afterwards")].map((text) => h("th", { scope: "col" }, text)));
    this.element = h(
      "div",
      { class: "preview-box", tabindex: "0", role: "region", "aria-label": say("What moves"), "aria-live": "polite" },
      h("table", {}, h("thead", {}, head), this.#rows),
    );
  }

  /**
   * Asks and shows. Rejects as commands do; then nothing is shown.
   *
   * @param {Command} command
   * @returns {Promise<boolean>} false: something else was asked meanwhile
   */
  async ask({ command, args }) {
    const asked = ++this.#asked;
    this.revision = undefined;
    const restsMs = this.#askedAtMs + RESTS_MS - performance.now();
    this.#askedAtMs = performance.now();
    if (restsMs > 0) await new Promise((resolve) => setTimeout(resolve, RESTS_MS));
    if (asked !== this.#asked) return false;
    try {
      const preview = await this.#page.client?.produce.preview(command, args);
      if (asked !== this.#asked || !preview) return false;
      this.revision = preview.revision;
      this.#show(preview.shifts);
      return true;
    } catch (error) {
      if (asked !== this.#asked) return false;
      this.#rows.replaceChildren();
      throw error;
    }
  }

  /** Shows nothing: there is nothing to ask about yet. */
  clear() {
    this.#asked++;
    this.revision = undefined;
    this.#rows.replaceChildren();
  }

  /** @param {Shift[]} shifts */
  #show(shifts) {
    const lines = shifts.map((shift) => this.#line(shift));
    this.#rows.replaceChildren(...(lines.length ? lines : [h("tr", {}, h("td", { colspan: "3" }, say("Nothing else moves.")))]));
  }

  /** @param {Shift} shift */
  #line({ session, before_ms, after_ms, before_end_ms, after_end_ms, before_stage, after_stage }) {
    const event = eventOf(this.#page.items);
    const goes = before_stage !== after_stage;
    const on = (/** @type {string} */ stage) => (goes ? `, ${event?.stages.find(({ id }) => id === stage)?.title ?? stage}` : "");
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, sessionOf(this.#page.items, session)?.title ?? session),
      h("td", { class: "times quiet" }, clockRange(before_ms, before_end_ms, event) + on(before_stage)),
      h("td", { class: "times" }, clockRange(after_ms, after_end_ms, event) + on(after_stage)),
    );
  }
}
