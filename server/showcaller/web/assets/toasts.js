/** Short news in the page's header, where they cover nothing that one uses. */

import { byId, h } from "./dom.js";
import { say } from "./words.js";

const STAYS_MS = 30_000;

/**
 * Shows one, which goes by itself after a while. Its attributes tell what it is about.
 *
 * @param {Record<string, any>} attributes
 * @param {string} kind in a few words
 * @param {import("./dom.js").Child} what
 * @returns {HTMLElement}
 */
export function addToast(attributes, kind, what) {
  const toast = h(
    "div",
    { class: "toast", ...attributes },
    h("span", { class: "kind" }, kind),
    h("span", { class: "what" }, what),
    h("button", { class: "compact plain dismiss", type: "button", onclick: () => toast.remove(), "aria-label": say("Dismiss") }, "✕"),
  );
  // The last one is seen: nothing goes before what starts now.
  const starts = byId("toasts").querySelector('.toast[data-tone="live"]') !== null;
  if (starts && attributes["data-tone"] !== "live") byId("toasts").prepend(toast);
  else byId("toasts").append(toast);
  removeLater(toast);
  return toast;
}

/** @param {HTMLElement} toast goes after a while, but not while somebody is at it */
function removeLater(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) removeLater(toast);
    else toast.remove();
  }, STAYS_MS);
}
