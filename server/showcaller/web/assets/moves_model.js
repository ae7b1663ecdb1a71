/** The sessions that a producer moved, for those who look elsewhere on the page. Pure. */

import { isAhead } from "./agenda_model.js";

const TOLD_FROM_MS = 60_000;

/**
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} Move
 * @property {Session} first the earliest of those that were moved
 * @property {number} byMs later; negative: earlier
 * @property {number} others how many more were moved
 */

export class Moves {
  /** The start that was told last, of each session that does not wait for another one. @type {Map<string, number>} */
  #told = new Map();

  /**
   * What has moved since the last look; nothing at the first one. One that waits for the end of another moves by itself.
   *
   * @param {Session[]} sessions in their order
   * @returns {Move | null}
   */
  look(sessions) {
    /** @type {Map<string, number>} */
    const told = new Map();
    const moved = [];
    for (const session of sessions.filter((one) => isAhead(one) && !one.waiting_for)) {
      const before = this.#told.get(session.id) ?? session.expected.start_ms;
      const byMs = session.expected.start_ms - before;
      const tells = Math.abs(byMs) >= TOLD_FROM_MS;
      told.set(session.id, tells ? session.expected.start_ms : before);
      if (tells) moved.push({ session, byMs });
    }
    this.#told = told;
    const [first] = moved;
    return first ? { first: first.session, byMs: first.byMs, others: moved.length - 1 } : null;
  }
}

/**
 * How far a session is from its plan, in whole minutes; 0: as planned, or it never was.
 *
 * @param {Session} session
 */
export function offPlanMin({ actual, expected, scheduled, state }) {
  if (state === "skipped") return 0;
  return Math.trunc(((actual.start_ms ?? expected.start_ms) - scheduled.start_ms) / 60_000);
}
