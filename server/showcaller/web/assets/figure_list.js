/** Names and values, kept up to date in place. */

import { h, keyed, setText } from "./dom.js";

/**
 * @param {HTMLElement} list a `dl`
 * @param {[string, string][]} figures
 */
export function showFigures(list, figures) {
  keyed(
    list,
    figures,
    ([name]) => name,
    ([name]) => h("div", {}, h("dt", {}, name), h("dd", {})),
    (pair, [, value]) => setText(/** @type {Element} */ (pair.lastElementChild), value),
  );
}
