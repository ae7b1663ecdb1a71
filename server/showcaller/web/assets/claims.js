/** Questions that one has in hand: claimed anew while the page is open, and let go when it closes. */

import { eventUrl } from "/sdk/http.js";


const RENEW_EVERY_MS = 45_000; // a claim lasts for two minutes

/** @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient */

export class Claims {
  #client;
  #place;
  /** @type {Set<string>} */
  #held = new Set();

  /**
   * @param {ShowcallerClient} client
   * @param {{event: string}} place
   */
  constructor(client, place) {
    this.#client = client;
    this.#place = place;
    setInterval(() => void this.#renew(), RENEW_EVERY_MS);
    addEventListener("pagehide", () => this.#leave());
  }

  /** @param {string} question */
  has(question) {
    return this.#held.has(question);
  }

  /**
   * Takes it in hand. Rejects with the code `claimed` while another one has it.
   *
   * @param {string} question
   * @param {{take_over?: boolean}} [options]
   */
  async take(question, options) {
    await this.#client.moderate.claim(question, options);
    this.#held.add(question);
  }

  /** Lets go of it, if it is in hand. @param {string} question */
  async letGo(question) {
    if (!this.#held.delete(question)) return;
    // Whatever becomes of it, the claim ends by itself soon.
    await this.#client.moderate.release(question).catch(() => {});
  }

  async #renew() {
    for (const question of [...this.#held]) {
      await this.#client.moderate.claim(question).catch(() => this.#held.delete(question));
    }
  }

  /** A page that closes has no time for an answer. */
  #leave() {
    const headers = { Authorization: `Bearer ${this.#client.token}`, "Content-Type": "application/json" };
    for (const question of this.#held) {
      void fetch(eventUrl(this.#place, "/commands/question.release"), { method: "POST", keepalive: true, headers, body: JSON.stringify({ question }) }).catch(() => {});
    }
    this.#held.clear();
  }
}
