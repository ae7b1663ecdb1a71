/** The place of this page, and the addresses of the others. */

/**
 * @typedef {object} Place
 * @property {string} event
 * @property {string | null} session
 *
 * @param {string} [path]
 * @returns {Place}
 */
export function placeOf(path = location.pathname) {
  const [, , event = "", , session = null] = path.split("/").map(decodeURIComponent);
  return { event, session };
}

/**
 * @param {string} event
 * @param {...string} rest such as `watch`, session
 */
export function address(event, ...rest) {
  return ["/e", event, ...rest].map((part, i) => (i ? encodeURIComponent(part) : part)).join("/") + (rest.length ? "" : "/");
}

/** @param {string} event */
export function calendarAddress(event) {
  return `/api/v1/events/${encodeURIComponent(event)}/agenda.ics`;
}
