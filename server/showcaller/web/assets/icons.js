/** Icons, drawn in lines of the text's own colour: they need no font and look the same everywhere. */

const SVG = "http://www.w3.org/2000/svg";

/** Paths in a square of 24. @type {Record<string, string>} */
const PATHS = {
  clap: "M9 3v2.5 M4.5 5l1.6 1.9 M13.5 5l-1.6 1.9 M5 14.5l3.2-4.3a1.3 1.3 0 0 1 2.1 1.6l3.5-4.7a1.3 1.3 0 0 1 2.1 1.6l-.8 1.1a1.3 1.3 0 0 1 2.1 1.6l-.7.9a1.3 1.3 0 0 1 2 1.7l-4.2 5.3a5.2 5.2 0 0 1-7.3 1l-1-.8a5 5 0 0 1-1-5z",
  heart: "M12 20S3.5 15.2 3.5 9.2A4.6 4.6 0 0 1 12 6.8a4.6 4.6 0 0 1 8.5 2.4C20.5 15.2 12 20 12 20z",
  laugh: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M7 9.8c.5-.9 1.9-.9 2.4 0 M14.6 9.8c.5-.9 1.9-.9 2.4 0 M6.8 13.2h10.4a5.2 5.2 0 0 1-10.4 0z",
  wow: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M8.5 9.2v.6 M15.5 9.2v.6 M12 13.2a2.2 2.6 0 1 0 0 5.2 2.2 2.6 0 0 0 0-5.2z",
  star: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
  party: "M4 20l4-11 7 7z M13.5 8.5c0-2 .5-3.5 2-5 M15.5 10.5c1.5-1.5 3-2 5-2 M18 14c1 .2 1.8.6 2.5 1.2 M9.8 5.5c-.1-1 .1-1.9.6-2.7 M19 4.5v.1 M6.5 13.2l4.3 4.3",
};

/**
 * @param {string} name
 * @returns {SVGSVGElement} which no reader of the screen hears of: a name stands beside it
 */
export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", "icon-drawn");
  drawn.setAttribute("viewBox", "0 0 24 24");
  drawn.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  drawn.append(path);
  return drawn;
}
