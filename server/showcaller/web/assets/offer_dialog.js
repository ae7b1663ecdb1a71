/** An edited schedule file: what differs, what would move, and the button that accepts it. */

import { eventOf } from "./agenda_model.js";
import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { PreviewBox } from "./preview_box.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").Offer} Offer */

/** @type {Record<string, string>} */
const WHAT = { new: say("new"), vanished: say("gone"), moved: say("moved"), changed: say("changed") };

/** @param {Offer} offer */
export function offerText({ differences, more }) {
  const counts = Object.entries(WHAT).flatMap(([what, word]) => {
    const count = differences.filter((one) => one.what === what).length;
    return count ? `${count} ${word}` : [];
  });
  return [...counts, ...(more ? [say("{count} more", { count: more })] : [])].join(", ") || say("no session differs");
}

/**
 * @param {import("./page.js").EventPage} page
 * @param {Offer} offer
 * @param {(done: string) => void} onDone
 */
export function openOffer(page, offer, onDone) {
  const dialog = byId("offer-dialog", HTMLDialogElement);
  const preview = new PreviewBox(page);
  const error = h("p", { class: "error", role: "alert" });
  const accept = async () => {
    try {
      await page.client?.commandNow("schedule.accept", { offer: offer.id, if_revision: preview.revision });
      dialog.close();
      onDone(say("The edited schedule counts now."));
    } catch (failed) {
      setText(error, errorText(failed));
    }
  };
  const event = eventOf(page.items);
  const time = (/** @type {number | null} */ ms) => (ms === null ? "–" : clockTime(ms, event));
  const lines = offer.differences.map(({ title, what, before_ms, after_ms }) =>
    h("li", {}, `${title}: ${WHAT[what]}`, before_ms === after_ms ? "" : `, ${time(before_ms)} → ${time(after_ms)}`),
  );
  dialog.replaceChildren(
    h(
      "div",
      { class: "stack" },
      h("h2", { id: "offer-title" }, say("The schedule file was edited")),
      h("p", { class: "quiet small" }, say("Sessions: {changes}. Nobody is told before you accept it; what runs goes on.", { changes: offerText(offer) })),
      h("ul", { class: "plain-list rows" }, ...lines),
      preview.element,
      error,
      h("div", { class: "row" }, h("button", { class: "primary", type: "button", onclick: () => void accept() }, say("Accept it")), h("button", { type: "button", onclick: () => dialog.close() }, say("Not now"))),
    ),
  );
  dialog.showModal();
  preview.ask({ command: "schedule.accept", args: { offer: offer.id } }).catch((failed) => setText(error, errorText(failed)));
}
