/** Reports of how the talks so far came across: one each, and all of them as a file. */

import { eventUrl } from "/sdk/http.js";

import { sessionOf, sessionsOf } from "./agenda_model.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { showFigures } from "./figure_list.js";
import { qualityFigures, qualityHeadline } from "./green_room_model.js";
import { saveFile } from "./saved_file.js";

/** @typedef {{session: string, quality: import("/sdk/types.js").TalkQuality}} Report */

export class QualityReports {
  #page;

  /** @param {import("./page.js").EventPage} page */
  constructor(page) {
    this.#page = page;
    for (const kind of ["csv", "json"]) byId(`quality-${kind}`).addEventListener("click", () => void this.#save(kind));
  }

  /** @param {ReadonlyMap<string, any>} desk items of the producer's channel */
  render(desk) {
    const order = sessionsOf(this.#page.items).map(({ id }) => id);
    const reports = /** @type {Report[]} */ ([...desk].filter(([key]) => key.startsWith("quality:")).map(([, report]) => report));
    reports.sort((one, other) => order.indexOf(other.session) - order.indexOf(one.session));
    show(byId("quality-empty"), reports.length === 0);
    show(byId("quality-files"), reports.length > 0);
    keyed(byId("quality"), reports, ({ session }) => session, newReport, (item, report) => this.#update(item, report));
  }

  /**
   * @param {HTMLElement} item
   * @param {Report} report
   */
  #update(item, { session, quality }) {
    const [title, line, figures] = ["b", ".small", "dl"].map((part) => /** @type {HTMLElement} */ (item.querySelector(part)));
    if (title) setText(title, sessionOf(this.#page.items, session)?.title ?? session);
    if (line) setText(line, qualityHeadline(quality));
    if (figures) showFigures(figures, qualityFigures(quality));
  }

  /** @param {string} kind */
  async #save(kind) {
    setText(byId("quality-error"), "");
    const name = `quality.${kind}`;
    try {
      await saveFile(eventUrl(this.#page.place, `/exports/${name}`), name, this.#page.client?.token ?? "");
    } catch (error) {
      setText(byId("quality-error"), errorText(error));
    }
  }
}

/** @param {Report} report */
function newReport({ session }) {
  const summary = h("summary", {}, h("b", {}), h("span", { class: "small quiet times" }));
  return h("li", { "data-quality": session }, h("details", {}, summary, h("dl", { class: "figure-list times" })));
}
