/** Measures the server's clock on a connection: five probes at first and when it was moved, else one in a while. */

import { ClockEstimator } from "./clock.js";

const FIRST_PROBES = 5;
const PROBE_SPACING_MS = 200;
const PROBE_EVERY_MS = 15_000;
const MOVED_MS = 2_000; // more than a heartbeat is ever on its way

export class ClockSync {
  #estimator = new ClockEstimator();
  #send;
  #platform;
  #probedAtMs = -Infinity;
  /** @type {any} */
  #timer = null;

  /**
   * @param {(message: Record<string, any>) => void} send
   * @param {import("./platform.js").Platform} platform
   */
  constructor(send, platform) {
    this.#send = send;
    this.#platform = platform;
  }

  /** Measures anew: on a new connection, after a sleep, when the page becomes visible. */
  restart() {
    this.stop();
    this.#estimator.restart();
    this.#probeTimes(FIRST_PROBES);
  }

  /** The connection ended. The estimate stays. */
  stop() {
    this.#platform.clearTimeout(this.#timer);
  }

  /**
   * Looks whether it is time to measure again.
   *
   * @param {number} serverMs as a heartbeat says
   */
  heartbeat(serverMs) {
    const moved = Math.abs(serverMs - this.serverNow()) > MOVED_MS;
    if (moved) this.restart();
    else if (this.#platform.now() - this.#probedAtMs >= PROBE_EVERY_MS) this.#probe();
  }

  #probe() {
    this.#probedAtMs = this.#platform.now();
    this.#send({ op: "clock", t1: this.#probedAtMs });
  }

  /** @param {import("./types.js").ClockAnswer} answer */
  answer({ t1, t2, t3 }) {
    this.#estimator.add(t1, t2, t3, this.#platform.now());
  }

  /** @returns {number} */
  serverNow() {
    return this.#estimator.serverNow(this.#platform.now());
  }

  /** @returns {{known: boolean, errorMs: number | null, roundTripMs: number | null}} */
  quality() {
    const { known, roundTripMs } = this.#estimator;
    return { known, roundTripMs, errorMs: this.#estimator.errorMs(this.#platform.now()) };
  }

  /** @param {number} times */
  #probeTimes(times) {
    this.#probe();
    if (times > 1) {
      this.#timer = this.#platform.setTimeout(() => this.#probeTimes(times - 1), PROBE_SPACING_MS);
    }
  }
}
