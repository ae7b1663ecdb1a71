/** Holds the token and gets a newer one in time: PROTOCOL.md §8. */

import { asShowcallerError } from "./errors.js";
import { renewToken } from "./http.js";

const REFRESH_AT = 0.8; // of the life that is left
const SOONEST_MS = 5_000;
const LATEST_MS = 24 * 3_600_000; // within what setTimeout takes

/**
 * @typedef {object} TokenSource
 * @property {import("./http.js").Place} place
 * @property {string} token
 * @property {(old: string) => Promise<string>} [tokenProvider] gives a newer token than `old`;
 *   the server's own endpoint does if left out
 */

export class TokenKeeper {
  #source;
  #platform;
  #onRenewed;
  #expiresInMs = Infinity;
  #learntAtMs = 0;
  /** @type {any} */
  #timer = null;

  /**
   * @param {TokenSource} source
   * @param {(token: string) => void} onRenewed
   * @param {import("./platform.js").Platform} platform
   */
  constructor(source, onRenewed, platform) {
    this.#source = source;
    this.#platform = platform;
    this.#onRenewed = onRenewed;
    this.token = source.token;
  }

  /**
   * Begins to keep the token fresh.
   *
   * @param {number} expiresInMs
   */
  keep(expiresInMs) {
    this.#expiresInMs = expiresInMs;
    this.#learntAtMs = this.#platform.now();
    this.#schedule();
  }

  stop() {
    this.#platform.clearTimeout(this.#timer);
  }

  /**
   * Gets a newer token now. Raises ShowcallerError; `retry` tells whether another try may work.
   *
   * @returns {Promise<string>}
   */
  async renew() {
    try {
      const { place, tokenProvider } = this.#source;
      this.token = tokenProvider
        ? await tokenProvider(this.token)
        : (await renewToken({ ...place, token: this.token }, this.#platform)).token;
    } catch (error) {
      throw asShowcallerError(error);
    }
    this.#onRenewed(this.token);
    return this.token;
  }

  #schedule() {
    const leftMs = this.#learntAtMs + this.#expiresInMs - this.#platform.now();
    const delayMs = Math.min(Math.max(leftMs * REFRESH_AT, SOONEST_MS), LATEST_MS);
    this.stop();
    this.#timer = this.#platform.setTimeout(() => this.#refresh(), delayMs);
  }

  async #refresh() {
    try {
      await this.renew();
    } catch (error) {
      // Once the token is refused, the server's close says so: nothing to try until then.
      if (asShowcallerError(error).retry) this.#schedule();
    }
  }
}
