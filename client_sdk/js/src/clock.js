/**
 * The server's clock as this client estimates it: PROTOCOL.md §5. Pure: `now` comes from outside.
 *
 * Of the last eight probes the one with the smallest error bound counts: half its round trip, and more
 * with its age. The offset in use moves towards it smoothly, so that a countdown never jumps. A probe that
 * differs from an earlier one by more than both bounds shows that a clock was set or stood still: then
 * the earlier ones count no more.
 */

const KEPT_PROBES = 8;
const DRIFT_MS_PER_S = 0.1;
const SLEW_MS_PER_S = 50;
const STEP_ABOVE_MS = 500;

/**
 * @typedef {object} Probe
 * @property {number} offsetMs server time − local time
 * @property {number} roundTripMs
 * @property {number} atMs local time of its arrival
 */

export class ClockEstimator {
  /** @type {Probe[]} */
  #probes = [];
  /** @type {number | null} */
  #offsetMs = null; // in use, on its way to the best probe's
  #slewedAtMs = 0;

  /**
   * Takes the four timestamps of one probe.
   *
   * @param {number} t1 local, when the probe was sent
   * @param {number} t2 server, when it came
   * @param {number} t3 server, when the answer left
   * @param {number} t4 local, when the answer came
   */
  add(t1, t2, t3, t4) {
    this.serverNow(t4); // moves the offset in use up to now, towards the probe that was best so far
    const roundTripMs = Math.max(0, t4 - t1 - (t3 - t2));
    const probe = { offsetMs: (t2 - t1 + (t3 - t4)) / 2, roundTripMs, atMs: t4 };
    if (this.#probes.some((earlier) => contradict(earlier, probe))) this.#probes = [];
    this.#probes.push(probe);
    this.#probes.splice(0, this.#probes.length - KEPT_PROBES);
  }

  /** Forgets the probes, but not the offset in use: after a sleep or on another connection. */
  restart() {
    this.#probes = [];
  }

  /** True when anything has been measured. */
  get known() {
    return this.#offsetMs !== null || this.#probes.length > 0;
  }

  /**
   * Server time at the local time `now`; `now` itself before the first probe.
   *
   * @param {number} now
   * @returns {number}
   */
  serverNow(now) {
    const best = this.#best(now);
    if (best !== null) this.#offsetMs = this.#slewed(best.offsetMs, now);
    this.#slewedAtMs = now;
    return now + (this.#offsetMs ?? 0);
  }

  /**
   * How wrong `serverNow(now)` may be; null before the first probe.
   *
   * @param {number} now
   * @returns {number | null}
   */
  errorMs(now) {
    const best = this.#best(now);
    if (best === null) return null;
    const unslewed = Math.abs(best.offsetMs - (this.serverNow(now) - now));
    return errorBoundMs(best, now) + unslewed;
  }

  /** Round trip of the best probe; null before the first. */
  get roundTripMs() {
    return this.#best(this.#slewedAtMs)?.roundTripMs ?? null;
  }

  /**
   * @param {number} now
   * @returns {Probe | null}
   */
  #best(now) {
    /** @type {Probe | null} */
    let best = null;
    for (const probe of this.#probes) {
      if (best === null || errorBoundMs(probe, now) <= errorBoundMs(best, now)) best = probe;
    }
    return best;
  }

  /**
   * @param {number} targetMs
   * @param {number} now
   */
  #slewed(targetMs, now) {
    if (this.#offsetMs === null) return targetMs;
    const away = targetMs - this.#offsetMs;
    if (Math.abs(away) > STEP_ABOVE_MS) return targetMs;
    const stepMs = (SLEW_MS_PER_S * Math.max(0, now - this.#slewedAtMs)) / 1000;
    return this.#offsetMs + Math.sign(away) * Math.min(Math.abs(away), stepMs);
  }
}

/**
 * Tell whether no clock that only drifts could have given both.
 *
 * @param {Probe} earlier
 * @param {Probe} probe
 */
function contradict(earlier, probe) {
  const boundsMs = errorBoundMs(earlier, probe.atMs) + errorBoundMs(probe, probe.atMs);
  return Math.abs(probe.offsetMs - earlier.offsetMs) > boundsMs;
}

/**
 * @param {Probe} probe
 * @param {number} now
 */
function errorBoundMs(probe, now) {
  return probe.roundTripMs / 2 + (DRIFT_MS_PER_S * Math.max(0, now - probe.atMs)) / 1000;
}
