/** What an event's colours make of the pages' own. Pure. */

/** @typedef {import("/sdk/types.js").Brand} Brand */

const COLOUR = /^#[0-9a-f]{6}$/i;

/**
 * Custom properties for each theme that has a colour: the accent, and what is written on it.
 *
 * @param {Brand} brand
 * @returns {Record<string, string>}
 */
export function brandColours({ light, dark }) {
  /** @type {Record<string, string>} */
  const properties = {};
  for (const [theme, colour] of Object.entries({ light, dark })) {
    if (!colour || !COLOUR.test(colour)) continue;
    properties[`--brand-${theme}`] = colour;
    properties[`--on-brand-${theme}`] = inkOn(colour);
  }
  return properties;
}

/** @param {string} colour @returns {string} black or white, whichever is read better on it (WCAG 2.2, "contrast ratio") */
export function inkOn(colour) {
  const luminance = luminanceOf(colour);
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

/** @param {string} colour */
function luminanceOf(colour) {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
