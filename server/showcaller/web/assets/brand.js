/** The look of an event on its pages: its colours in both themes, its logo, its cover picture. */

import { brandColours } from "./brand_model.js";
import { byId, h, setAttribute } from "./dom.js";

/**
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").Brand} Brand
 */

/**
 * @param {string} event
 * @param {string | undefined} path as the agenda has it
 * @returns {string | null} the picture's address; null: there is none
 */
export function pictureAddress(event, path) {
  if (!path) return null;
  return `/api/v1/events/${encodeURIComponent(event)}/pictures/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/**
 * A picture that says nothing which no word beside it does. One that can't be had leaves no trace.
 *
 * @param {string} src
 * @param {string} className
 * @returns {HTMLImageElement}
 */
export function picture(src, className) {
  const image = h("img", { class: className, src, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  return image;
}

/** @param {Event} event */
export function showBrand(event) {
  const root = document.documentElement;
  for (const [name, value] of Object.entries(brandColours(event.brand ?? {}))) root.style.setProperty(name, value);
  root.toggleAttribute("data-brand-light", Boolean(event.brand?.light));
  root.toggleAttribute("data-brand-dark", Boolean(event.brand?.dark));
  const logo = pictureAddress(event.id, event.brand?.logo);
  const bar = byId("brand").parentElement;
  const shown = bar?.querySelector("img");
  if (shown && shown.getAttribute("src") === logo) return;
  shown?.remove();
  if (logo) bar?.prepend(picture(logo, "logo"));
}

/**
 * @param {HTMLElement} place where it stands, and keeps its room while it loads
 * @param {string} event
 * @param {Brand | undefined} brand
 */
export function showCover(place, event, brand) {
  const src = pictureAddress(event, brand?.cover);
  const shown = place.querySelector("img");
  if (!src) return place.replaceChildren();
  if (shown) setAttribute(shown, "src", src);
  else place.replaceChildren(picture(src, "cover-picture"));
  return undefined;
}
