/** Toasts when one's own question is answered or replied to. */

import { h } from "./dom.js";
import { address } from "./place.js";
import { ownNews } from "./question_list_model.js";
import { addToast } from "./toasts.js";

/** @typedef {import("/sdk/types.js").OwnQuestion} OwnQuestion */

/**
 * @param {import("/sdk/index.js").Channel} me
 * @param {string} event
 */
export function toastOwnNews(me, event) {
  /** What was known; null: nothing yet, and then nothing is news. @type {Map<string, OwnQuestion> | null} */
  let before = null;
  me.on("change", () => {
    if (!me.ready) return;
    const own = [...me.items].filter(([key]) => key.startsWith("question:")).map(([, question]) => /** @type {OwnQuestion} */ (question));
    const now = new Map(own.map((question) => [question.id, question]));
    for (const { id, said, text, session } of before ? ownNews(before, now) : []) {
      document.querySelector(`.toast[data-own="${CSS.escape(id)}"]`)?.remove();
      addToast({ "data-own": id, "data-tone": "ok" }, said, h("a", { href: address(event, "watch", session) }, text));
    }
    before = now;
  });
}
