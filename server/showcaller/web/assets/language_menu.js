/** The choice of a language, which this browser keeps. */

import { closeOutside, h } from "./dom.js";
import { inBrowser } from "./remember.js";
import { language, say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const GLOBE = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M3 12h18 M12 3c3 2.5 4 5.5 4 9s-1 6.5-4 9c-3-2.5-4-5.5-4-9s1-6.5 4-9z";
/** Each by its own name. @type {Record<string, string>} */
const NAMES = { en: "English", de: "Deutsch", ar: "العربية" };

/** @returns {HTMLElement} */
export function languageMenu() {
  const choice = (/** @type {string} */ one) =>
    h(
      "li",
      {},
      h(
        "button",
        { class: "compact plain", type: "button", lang: one, dir: "auto", "aria-pressed": String(one === language), onclick: () => choose(one) },
        String(NAMES[one]),
      ),
    );
  const menu = h(
    "details",
    { class: "languages" },
    h("summary", { class: "who", "aria-label": say("Translations"), title: say("Translations") }, globe()),
    h("div", { class: "card" }, h("ul", { class: "plain-list" }, ...Object.keys(NAMES).map(choice))),
  );
  closeOutside(menu);
  return menu;
}

/** @param {string} one */
function choose(one) {
  inBrowser.set("showcaller:language", one);
  const there = new URL(location.href);
  there.searchParams.delete("lang");
  history.replaceState(history.state, "", there);
  location.reload();
}

function globe() {
  const drawn = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", "icon-drawn"]]) drawn.setAttribute(String(name), String(value));
  path.setAttribute("d", GLOBE);
  drawn.append(path);
  return drawn;
}
