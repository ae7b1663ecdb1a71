/** Show time: the event's time, which rehearsals run from elsewhere and faster. Pure. */

/** @typedef {import("./types.js").Clock} Clock */

/**
 * Show time at the server time `serverMs`.
 *
 * @param {Clock} clock the item `clock` of channel `agenda`
 * @param {number} serverMs
 * @returns {number}
 */
export function showTimeAt(clock, serverMs) {
  return clock.held ? clock.show_ms : clock.show_ms + (serverMs - clock.wall_ms) * clock.rate;
}

/**
 * Server time at which show time will be `showMs`; null while the clock is held.
 *
 * @param {Clock} clock
 * @param {number} showMs
 * @returns {number | null}
 */
export function serverTimeFor(clock, showMs) {
  return clock.held ? null : clock.wall_ms + (showMs - clock.show_ms) / clock.rate;
}
