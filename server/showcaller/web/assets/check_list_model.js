/** The producer's check list as the produce page shows it. Pure. */

import { shorten } from "./agenda_model.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Check} Check
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} CheckGroup the items of one session, or of the whole event
 * @property {string} key
 * @property {string} title
 * @property {Check[]} items
 */

/** @param {ReadonlyMap<string, any>} items of the producer's channel @returns {Check[]} */
export function checksIn(items) {
  const found = [...items].filter(([key]) => key.startsWith("check:")).map(([, check]) => check);
  return found.sort((a, b) => a.place - b.place);
}

/**
 * What is for the whole event first, then each session in the order of the sheet.
 *
 * @param {Check[]} checks in their order
 * @param {Session[]} sessions in their order
 * @param {boolean} open only what is not ticked
 * @returns {CheckGroup[]}
 */
export function checkGroups(checks, sessions, open) {
  const shown = checks.filter(({ ticked }) => !open || ticked === null);
  const of = (/** @type {string | null} */ id) => shown.filter(({ session }) => session === id);
  const groups = [{ key: "", title: say("The whole event"), items: of(null) }, ...sessions.map(({ id, title }) => ({ key: id, title: shorten(title, 60), items: of(id) }))];
  return groups.filter(({ items }) => items.length > 0);
}

/** @param {Check[]} checks */
export function checksText(checks) {
  const done = checks.filter(({ ticked }) => ticked !== null).length;
  if (checks.length === 0) return "";
  return done === checks.length ? say("All {done} done", { done }) : say("{done} of {all} done", { done, all: checks.length });
}

/**
 * What a session's row says: nothing where there is nothing to check.
 *
 * @param {Check[]} checks
 * @param {string} session
 */
export function rowChecksText(checks, session) {
  const open = checks.filter((check) => check.session === session && check.ticked === null).length;
  return open ? say("{count} to check", { count: open }) : "";
}

/**
 * @param {Check} check
 * @param {(ms: number) => string} timeOf
 */
export function tickedText({ ticked }, timeOf) {
  return ticked ? [ticked.by, timeOf(ticked.at_ms)].filter(Boolean).join(", ") : "";
}
