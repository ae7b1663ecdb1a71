/** The viewers of a stage that have it worst, for whoever opens it. */

import { fetchViewers } from "/sdk/index.js";

import { h, keyed, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { duration, layerName, milliseconds, share } from "./green_room_model.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/media_types.js").ViewerStatistics} ViewerStatistics */

const SHOWN = 50;
const COLUMNS = [say("Viewer"), say("For"), say("Picture"), say("Lost"), say("Round trip"), say("Jitter"), say("Asked again"), say("Freezes")];

export class ViewersTable {
  #where;
  #rows = h("tbody", {});
  #note = h("p", { class: "small quiet", role: "status" });
  #box = h(
    "div",
    { class: "preview-box", hidden: true, tabindex: "0", role: "region", "aria-label": say("Viewers") },
    h("table", { class: "times" }, h("thead", {}, h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col" }, name)))), this.#rows),
  );

  /** @param {{event: string, stage: string, token: () => string}} where */
  constructor(where) {
    this.#where = where;
    this.element = h("details", {}, h("summary", {}, say("Viewers")), h("div", { class: "stack" }, this.#note, this.#box));
    this.element.addEventListener("toggle", () => void this.refresh());
  }

  /** Asks anew, if it is open. */
  async refresh() {
    if (!this.element.open) return;
    const { event, stage, token } = this.#where;
    try {
      const { viewers } = await fetchViewers({ event, stage, token: token() });
      this.#render(viewers);
    } catch (error) {
      setText(this.#note, say("The viewers are not known now. {reason}", { reason: errorText(error) }));
    }
  }

  /** @param {ViewerStatistics[]} viewers */
  #render(viewers) {
    const more = viewers.length > SHOWN ? say("The {shown} with the most loss.", { shown: SHOWN }) : say("Those with the most loss first.");
    setText(this.#note, viewers.length ? more : say("Nobody watches now."));
    this.#box.hidden = viewers.length === 0;
    keyed(
      this.#rows,
      viewers.slice(0, SHOWN),
      ({ resource }) => resource,
      () => h("tr", {}, h("th", { scope: "row" }), ...COLUMNS.slice(1).map(() => h("td", {}))),
      (row, viewer) => cellsOf(viewer).forEach((text, i) => setText(/** @type {Element} */ (row.children[i]), text)),
    );
  }
}

/** @param {ViewerStatistics} viewer */
function cellsOf(viewer) {
  const asked = viewer.asked_layer === "auto" ? "" : say(" (asked for)");
  return [
    viewer.name || viewer.person,
    duration(viewer.connected_s),
    layerName(viewer.layer) + asked,
    share(viewer.lost_share),
    milliseconds(viewer.rtt_ms),
    milliseconds(viewer.jitter_ms),
    String(viewer.nacks),
    String(viewer.freezes),
  ];
}
