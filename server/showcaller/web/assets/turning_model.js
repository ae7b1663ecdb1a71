/** The moment at which a talk's page goes on to the next one with the picture of its stage. Pure. */

import { isOn, isOver, sessionOf } from "./agenda_model.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").StageState} StageState
 */

export class Turning {
  /** Sessions that were on their stage while this page showed them. @type {Set<string>} */
  #seen = new Set();
  /** Sessions that somebody came back to. @type {Set<string>} */
  #stayed = new Set();

  /**
   * The session to go on to now, if any: the page's own is over, it was seen on the stage, and another talk is on there.
   *
   * @param {Session} session the one of the page
   * @param {StageState | undefined} stage
   * @param {ReadonlyMap<string, any>} items
   * @returns {Session | undefined}
   */
  next(session, stage, items) {
    if (stage?.session === session.id) this.#seen.add(session.id);
    const other = stage?.session ? sessionOf(items, stage.session) : undefined;
    if (!other || other.id === session.id || !this.follows(session)) return undefined;
    return isOver(session) && isOn(other) && other.kind !== "break" ? other : undefined;
  }

  /**
   * Whether the page goes on with its stage.
   *
   * @param {Session} session
   */
  follows(session) {
    return this.#seen.has(session.id) && !this.#stayed.has(session.id);
  }

  /** @param {string} session that somebody came back to, and wants to stay with */
  stay(session) {
    this.#stayed.add(session);
  }
}
