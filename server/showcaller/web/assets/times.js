/** Instants and durations as people read them. Pure. */

import { locale, say } from "./words.js";
import { browserName, comesTwice, isKnown, offsetMs, shownBy, wallClock } from "./zones.js";

export { isOwnZone, wallClock, zonedInstant } from "./zones.js";

/** @typedef {import("./zones.js").Zone} Zone */

const MINUTE_MS = 60_000;
const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions(); // as the viewer's clocks

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMATS = {
  clock: { hour: "numeric", minute: "2-digit", hourCycle },
  seconds: { hour: "numeric", minute: "2-digit", second: "2-digit", hourCycle },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  weekday: { weekday: "short" },
  date: { weekday: "short", day: "numeric", month: "short" },
  zone: { timeZoneName: "short" },
};

/** Making a formatter takes a hundred times as long as using it. @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/**
 * @param {keyof typeof FORMATS} kind
 * @param {string | undefined} zone
 */
function formatter(kind, zone) {
  const key = `${kind} ${zone}`;
  let made = formatters.get(key);
  if (!made) formatters.set(key, (made = new Intl.DateTimeFormat(locale, { ...FORMATS[kind], timeZone: zone })));
  return made;
}

/**
 * @param {keyof typeof FORMATS} kind
 * @param {number} ms
 * @param {Zone} zone
 */
function format(kind, ms, zone) {
  const shown = shownBy(zone, ms);
  return formatter(kind, shown.zone).format(shown.ms);
}

/**
 * @param {number} ms
 * @param {Zone} [zone] the viewer's own if left out
 * @returns {string} such as `Wed, Dec 13`
 */
export function dateOf(ms, zone) {
  return format("date", ms, zone);
}

/**
 * @param {number} ms
 * @param {Zone} [zone] the viewer's own if left out
 * @returns {string} such as `9:05 AM`; `2:30 AM GMT+2` in an hour that comes twice
 */
export function clockTime(ms, zone) {
  return comesTwice(zone, ms) ? timeWithOffset("clock", ms, zone) : format("clock", ms, zone);
}

/**
 * @param {number} ms
 * @param {Zone} [zone]
 * @returns {string} such as `9:05:07 AM`
 */
export function clockTimeWithSeconds(ms, zone) {
  return comesTwice(zone, ms) ? timeWithOffset("seconds", ms, zone) : format("seconds", ms, zone);
}

/**
 * @param {keyof typeof FORMATS} kind
 * @param {number} ms
 * @param {Zone} zone
 */
function timeWithOffset(kind, ms, zone) {
  return `${format(kind, ms, zone)} ${offsetName(offsetMs(zone, ms))}`;
}

/**
 * @param {number} fromMs
 * @param {number} toMs
 * @param {Zone} [zone]
 * @returns {string} such as `9:05 – 9:25 AM`; both ends with their offset around a change of clocks
 */
export function clockRange(fromMs, toMs, zone) {
  const endMs = Math.max(fromMs, toMs);
  const from = shownBy(zone, fromMs);
  const to = shownBy(zone, endMs);
  const changes = offsetMs(zone, fromMs) !== offsetMs(zone, endMs);
  if (changes || from.zone !== to.zone || comesTwice(zone, fromMs) || comesTwice(zone, endMs)) {
    return `${timeWithOffset("clock", fromMs, zone)} – ${timeWithOffset("clock", endMs, zone)}`;
  }
  return formatter("clock", from.zone).formatRange(from.ms, to.ms);
}

/**
 * @param {number} ms
 * @param {Zone} zone
 * @param {string | null | undefined} day `2023-12-13`, which the viewer sees already
 * @returns {string} such as `9:05 AM`; `Sat 12:30 AM` on another day
 */
export function clockTimeBeside(ms, zone, day) {
  const time = clockTime(ms, zone);
  return !day || wallClock(zone, ms).day === day ? time : `${format("weekday", ms, zone)} ${time}`;
}

/**
 * @param {number} ms
 * @param {Zone} [zone]
 * @returns {string} such as `Wednesday, December 13, 2023`
 */
export function longDay(ms, zone) {
  return format("day", ms, zone);
}

/**
 * @param {string} day `2023-12-13`
 * @returns {string} such as `Wednesday, December 13, 2023`
 */
export function longDate(day) {
  return format("day", Date.parse(day), "UTC");
}

/**
 * @param {string} day `2023-12-13`
 * @returns {string} such as `Wed, Dec 13`
 */
export function shortDate(day) {
  return format("date", Date.parse(day), "UTC");
}

/**
 * @param {number} ms
 * @param {Zone} [zone]
 * @returns {string} such as `PST` or `GMT+1`
 */
export function zoneName(ms, zone) {
  if (!isKnown(zone, ms)) return offsetName(offsetMs(zone, ms));
  const parts = formatter("zone", browserName(zone)).formatToParts(ms);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/**
 * @param {number} offset
 * @returns {string} such as `GMT+2`, `GMT-3:30`
 */
function offsetName(offset) {
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  if (minutes === 0) return "GMT";
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, "0")}` : "";
  return `GMT${offset < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest}`;
}

/**
 * @param {(import("./zones.js").EventZone & { time_zone_label: string, starts_at_ms: number }) | undefined} event
 * @returns {string} what its organisers call its zone, else such as `GMT+1`
 */
export function zoneLabel(event) {
  return event ? event.time_zone_label || zoneName(event.starts_at_ms, event) : "";
}

/**
 * A duration that counts down: `4:09`, `1:04:09`, `2 d 1:04:09`. Rounds up, so that it reaches 0
 * when the moment is there.
 *
 * @param {number} ms
 * @returns {string}
 */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const clock = `${days || hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
  return days ? say("{days} d {clock}", { days, clock }) : clock;
}

/**
 * @param {number} minutes
 * @returns {string} `10 min`, `1 h 20 min`
 */
export function minutesText(minutes) {
  const whole = Math.abs(Math.round(minutes));
  if (whole < 60) return say("{minutes} min", { minutes: whole });
  const hours = Math.floor(whole / 60);
  return whole % 60 ? say("{hours} h {minutes} min", { hours, minutes: whole % 60 }) : say("{hours} h", { hours });
}

/**
 * @param {number} ms
 * @returns {string} `on time`, `+0.4 s`, `+3 min`
 */
export function lateness(ms) {
  if (ms < 100) return say("on time");
  return ms < MINUTE_MS ? say("+{seconds} s", { seconds: (ms / 1000).toFixed(1) }) : `+${minutesText(ms / MINUTE_MS)}`;
}
