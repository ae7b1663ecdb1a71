/** Whom talks that run over hold up, as the server reckons: a delay that is previewed, never made. */

import { overrunText, heldMinutes, heldUpBy } from "./run_sheet_model.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Shift} Shift
 */

export class Overruns {
  #client;
  #onNews;
  /** Of each session that runs over: by how many minutes the answer is, and what moves. @type {Map<string, {minutes: number, shifts: Shift[] | null}>} */
  #known = new Map();

  /**
   * @param {import("/sdk/index.js").ShowcallerClient} client
   * @param {() => void} onNews
   */
  constructor(client, onNews) {
    this.#client = client;
    this.#onNews = onNews;
  }

  /**
   * @param {Session} session
   * @param {Session[]} sessions in their order
   * @param {number} showNow
   * @param {import("/sdk/types.js").Event} event
   * @returns {string} empty: it does not run over
   */
  textOf(session, sessions, showNow, event) {
    if (session.state !== "overrunning") {
      this.#known.delete(session.id);
      return "";
    }
    const next = heldUpBy(session, sessions);
    if (next) void this.#ask(session, next, heldMinutes(next, showNow));
    return overrunText(next, showNow, this.#known.get(session.id)?.shifts ?? null, event);
  }

  /**
   * @param {Session} session
   * @param {Session} next
   * @param {number} minutes
   */
  async #ask(session, next, minutes) {
    const known = this.#known.get(session.id);
    if (minutes === 0 || known?.minutes === minutes) return;
    this.#known.set(session.id, { minutes, shifts: known?.shifts ?? null });
    try {
      const { shifts } = await this.#client.produce.previewDelay(next.id, minutes);
      this.#known.set(session.id, { minutes, shifts });
      this.#onNews();
    } catch {
      this.#known.delete(session.id); // asked again as the clock goes on
    }
  }
}
