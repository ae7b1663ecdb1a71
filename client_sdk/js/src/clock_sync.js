/** Measures the server's clock on a connection: five probes at first, then one each heartbeat. */

import { ClockEstimator } from "./clock.js";

const FIRST_PROBES = 5;
const PROBE_SPACING_MS = 200;

export class ClockSync {
  #estimator = new ClockEstimator();
  #send;
  #platform;
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

  probe() {
    this.#send({ op: "clock", t1: this.#platform.now() });
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
    this.probe();
    if (times > 1) {
      this.#timer = this.#platform.setTimeout(() => this.#probeTimes(times - 1), PROBE_SPACING_MS);
    }
  }
}
