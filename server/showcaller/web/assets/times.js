/** Instants and durations as people read them. Pure. */

const MINUTE_MS = 60_000;
const LANGUAGE = "en";

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const FORMATS = {
  clock: { hour: "numeric", minute: "2-digit" },
  seconds: { hour: "numeric", minute: "2-digit", second: "2-digit" },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  zone: { timeZoneName: "short" },
  parts: {
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  },
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
  if (!made) formatters.set(key, (made = new Intl.DateTimeFormat(LANGUAGE, { ...FORMATS[kind], timeZone: zone })));
  return made;
}

/**
 * @param {number} ms
 * @param {string} [zone] IANA name; the viewer's own if left out
 * @returns {string} such as `9:05 AM`
 */
export function clockTime(ms, zone) {
  return formatter("clock", zone).format(ms);
}

/**
 * @param {number} fromMs
 * @param {number} toMs
 * @param {string} [zone]
 * @returns {string} such as `9:05 – 9:25 AM`
 */
export function clockRange(fromMs, toMs, zone) {
  return formatter("clock", zone).formatRange(fromMs, Math.max(fromMs, toMs));
}

/**
 * @param {number} ms
 * @param {string} [zone]
 * @returns {string} such as `9:05:07 AM`
 */
export function clockTimeWithSeconds(ms, zone) {
  return formatter("seconds", zone).format(ms);
}

/**
 * @param {number} ms
 * @param {string} [zone]
 * @returns {string} such as `Wednesday, December 13, 2023`
 */
export function longDay(ms, zone) {
  return formatter("day", zone).format(ms);
}

/**
 * @param {number} ms
 * @param {string} [zone]
 * @returns {string} such as `GMT+1`
 */
export function zoneName(ms, zone) {
  const parts = formatter("zone", zone).formatToParts(ms);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

/**
 * @param {{ time_zone: string, time_zone_label: string, starts_at_ms: number } | undefined} event
 * @returns {string} what its organisers call its zone, else such as `GMT+1`
 */
export function zoneLabel(event) {
  return event ? event.time_zone_label || zoneName(event.starts_at_ms, event.time_zone) : "";
}

/**
 * Whether the clocks of `zone` show the viewer's own time at the instant `ms`.
 *
 * @param {string} zone
 * @param {number} ms
 */
export function isOwnZone(zone, ms) {
  return zoneOffsetMs(zone, ms) === zoneOffsetMs(undefined, ms);
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
  return days ? `${days} d ${clock}` : clock;
}

/**
 * @param {number} minutes
 * @returns {string} `10 min`, `1 h 20 min`
 */
export function minutesText(minutes) {
  const whole = Math.abs(Math.round(minutes));
  if (whole < 60) return `${whole} min`;
  return whole % 60 ? `${Math.floor(whole / 60)} h ${whole % 60} min` : `${whole / 60} h`;
}

/**
 * @param {number} ms
 * @returns {string} `on time`, `+0.4 s`, `+3 min`
 */
export function lateness(ms) {
  if (ms < 100) return "on time";
  return ms < MINUTE_MS ? `+${(ms / 1000).toFixed(1)} s` : `+${minutesText(ms / MINUTE_MS)}`;
}

/**
 * The instant at which a wall clock in `zone` shows `day` and `time`. In the hour that daylight
 * saving skips, the instant that an hour-off clock would show.
 *
 * @param {string} zone
 * @param {string} day `2023-12-13`
 * @param {string} time `09:05`
 * @returns {number}
 */
export function zonedInstant(zone, day, time) {
  const asIfUtc = Date.parse(`${day}T${time}:00Z`);
  const guess = asIfUtc - zoneOffsetMs(zone, asIfUtc);
  return asIfUtc - zoneOffsetMs(zone, guess);
}

/**
 * Day and time that a wall clock in `zone` shows: what `zonedInstant` takes.
 *
 * @param {string} zone
 * @param {number} ms
 * @returns {{day: string, time: string}}
 */
export function wallClock(zone, ms) {
  const local = new Date(ms + zoneOffsetMs(zone, ms)).toISOString();
  return { day: local.slice(0, 10), time: local.slice(11, 16) };
}

/**
 * @param {string | undefined} zone
 * @param {number} ms
 * @returns {number} local time − UTC
 */
function zoneOffsetMs(zone, ms) {
  const parts = formatter("parts", zone).formatToParts(ms);
  /** @param {string} type */
  const of = (type) => Number(parts.find((part) => part.type === type)?.value);
  const asIfUtc = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return asIfUtc - Math.floor(ms / 1000) * 1000;
}
