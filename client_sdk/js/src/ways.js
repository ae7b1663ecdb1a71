/**
 * The way to connect: a WebSocket, or HTTP where a proxy lets none through. Pure.
 *
 * A server that is away looks the same for a moment, so a WebSocket is tried again soon after HTTP has opened, then ever more seldom.
 */

const TRIES = 2; // WebSockets that never open, one after another, before HTTP is tried
const TRY_AGAIN_MS = [2_000, 60_000, 120_000, 240_000, 480_000, 600_000];

/** @typedef {"websocket" | "http"} Way */

export class Ways {
  /** The next connection's. @type {Way} */
  way = "websocket";
  #unopened = 0;
  #tried = 0;

  /** @param {boolean} opened whether the connection that has ended ever opened */
  ended(opened) {
    if (this.way === "http") {
      if (!opened) this.way = "websocket";
      return;
    }
    this.#unopened = opened ? 0 : this.#unopened + 1;
    if (this.#unopened >= TRIES) this.way = "http";
  }

  /** A WebSocket has opened beside HTTP. */
  websocketOpens() {
    this.way = "websocket";
    this.#unopened = 0;
    this.#tried = 0;
  }

  /** @returns {number} how long to wait before a WebSocket is tried beside HTTP */
  nextTryMs() {
    const delayMs = /** @type {number} */ (TRY_AGAIN_MS[Math.min(this.#tried, TRY_AGAIN_MS.length - 1)]);
    this.#tried += 1;
    return delayMs;
  }
}
