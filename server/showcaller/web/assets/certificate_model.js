/** What a certificate of attendance says, and what it still takes. Pure. */

import { locale, say } from "./words.js";

/**
 * What somebody without one is told.
 *
 * @param {import("/sdk/types.js").OwnCertificate} own
 */
export function progressText({ state, minutes, of_minutes: of, min_minutes: needed, min_percent: percent }) {
  if (state === "missed" && needed) return say("You attended {minutes} minutes; a certificate takes {needed}.", { minutes, needed });
  if (state === "missed") return say("You attended {minutes} of {of} minutes; a certificate takes {percent} % of them.", { minutes, of, percent });
  if (needed) return say("You have attended {minutes} minutes so far; a certificate takes {needed}.", { minutes, needed });
  return say("You have attended {minutes} minutes so far. Once the event is over, {percent} % of all minutes give a certificate.", { minutes, percent });
}

/**
 * The lines of a certificate below the name.
 *
 * @param {import("/sdk/types.js").Certified} certified
 * @returns {string[]}
 */
export function certifiedLines({ minutes, of_minutes: of, issued_ms }) {
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(issued_ms);
  return [say("Attended {minutes} of {of} minutes of talks.", { minutes, of }), say("Written on {date}.", { date })];
}
