/** The sessions that somebody speaks in. Pure. */

import { isAhead, isOn, sessionsOf } from "./agenda_model.js";

/** @typedef {import("/sdk/types.js").Session} Session */

/**
 * @param {ReadonlyMap<string, any>} items of the agenda
 * @param {string[]} ids of the token; none: a producer's, who may speak in all
 * @returns {Session[]} in their order, without breaks
 */
export function ownSessions(items, ids) {
  return sessionsOf(items).filter(({ id, kind }) => (ids.length ? ids.includes(id) : kind !== "break"));
}

/**
 * The one that counts now: the one that is on, else the next one, else the last one.
 *
 * @param {Session[]} own
 * @returns {Session | undefined}
 */
export function ownNow(own) {
  return own.find(isOn) ?? own.find(isAhead) ?? own.at(-1);
}
