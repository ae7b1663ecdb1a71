/**
 * Offsets from UTC, by what the server computed. Browsers' own zone data may be older than the law, and
 * know fewer names. Pure.
 */

/**
 * The zone of an event, or an IANA name; undefined: the viewer's own.
 *
 * @typedef {{ time_zone: string, utc_offsets?: readonly import("/sdk/types.js").UtcOffset[] }} EventZone
 * @typedef {EventZone | string | undefined} Zone
 */

const HOUR_MS = 3_600_000;
const STEP_MS = HOUR_MS / 4; // clocks change at whole quarters of an hour
const OFFSETS_KEPT = 10_000;

/** @type {Intl.DateTimeFormatOptions} */
const PARTS = {
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
};

/**
 * What the browser knows of a zone.
 *
 * @typedef {{ name: string | undefined, parts: Intl.DateTimeFormat, offsets: Map<number, number> }} BrowserZone
 */

/** @type {Map<string | undefined, BrowserZone>} */
const browserZones = new Map();

/**
 * Return how far the clocks of `zone` are ahead of UTC.
 *
 * @param {Zone} zone
 * @param {number} ms
 * @returns {number}
 */
export function offsetMs(zone, ms) {
  return serverOffsetMs(zone, ms) ?? browserOffsetMs(zone, ms);
}

/**
 * Return an instant and a zone's name for a formatter, which together show what clocks in `zone` do.
 *
 * @param {Zone} zone
 * @param {number} ms
 * @returns {{ ms: number, zone: string | undefined }}
 */
export function shownBy(zone, ms) {
  const offset = serverOffsetMs(zone, ms);
  return offset === undefined ? { ms, zone: browserName(zone) } : { ms: ms + offset, zone: "UTC" };
}

/**
 * Return the name by which the browser knows a zone; `UTC` where it knows none.
 *
 * @param {Zone} zone
 * @returns {string | undefined}
 */
export function browserName(zone) {
  return browserZone(zone).name;
}

/**
 * Tell whether clocks in `zone` show the time of `ms` a second time, since they are put back.
 *
 * @param {Zone} zone
 * @param {number} ms
 * @returns {boolean}
 */
export function comesTwice(zone, ms) {
  const offset = offsetMs(zone, ms);
  return [ms - 24 * HOUR_MS, ms + 24 * HOUR_MS].some((near) => {
    const other = offsetMs(zone, near);
    return other !== offset && offsetMs(zone, ms + offset - other) === other;
  });
}

/**
 * Return the instant at which clocks in `zone` show `day` and `time`: the first of two where they are put
 * back; where they are put forward, the one at which they show the time after the jump.
 *
 * @param {Zone} zone
 * @param {string} day `2023-12-13`
 * @param {string} time `09:05`
 * @returns {number}
 */
export function zonedInstant(zone, day, time) {
  const asIfUtc = Date.parse(`${day}T${time}:00Z`);
  const before = offsetMs(zone, asIfUtc - 24 * HOUR_MS);
  const after = offsetMs(zone, asIfUtc + 24 * HOUR_MS);
  const offset = [before, after].find((one) => offsetMs(zone, asIfUtc - one) === one) ?? before;
  return asIfUtc - offset;
}

/**
 * Return day and time that clocks in `zone` show: what `zonedInstant` takes.
 *
 * @param {Zone} zone
 * @param {number} ms
 * @returns {{day: string, time: string}}
 */
export function wallClock(zone, ms) {
  const local = new Date(ms + offsetMs(zone, ms)).toISOString();
  return { day: local.slice(0, 10), time: local.slice(11, 16) };
}

/**
 * Tell whether the clocks of `zone` show the viewer's own time at the instant `ms`: also where the browser's
 * data of that zone is old.
 *
 * @param {Zone} zone
 * @param {number} ms
 */
export function isOwnZone(zone, ms) {
  const own = browserZone(undefined).parts.resolvedOptions().timeZone;
  return browserName(zone) === own || offsetMs(zone, ms) === offsetMs(undefined, ms);
}

/**
 * Tell whether the browser's own data agrees with the server's.
 *
 * @param {Zone} zone
 * @param {number} ms
 */
export function isKnown(zone, ms) {
  return browserOffsetMs(zone, ms) === offsetMs(zone, ms);
}

/**
 * @param {Zone} zone
 * @param {number} ms
 * @returns {number | undefined} undefined: the server said nothing of that time
 */
function serverOffsetMs(zone, ms) {
  if (typeof zone !== "object") return undefined;
  const span = zone.utc_offsets?.find(({ from_ms, until_ms }) => from_ms <= ms && ms < until_ms);
  return span && span.offset_s * 1000;
}

/**
 * @param {Zone} zone
 * @param {number} ms
 */
function browserOffsetMs(zone, ms) {
  const { parts, offsets } = browserZone(zone);
  const step = Math.floor(ms / STEP_MS);
  let offset = offsets.get(step);
  if (offset === undefined) {
    if (offsets.size >= OFFSETS_KEPT) offsets.clear();
    offsets.set(step, (offset = formattedOffsetMs(parts, step * STEP_MS)));
  }
  return offset;
}

/**
 * @param {Intl.DateTimeFormat} formatter
 * @param {number} ms
 */
function formattedOffsetMs(formatter, ms) {
  const parts = formatter.formatToParts(ms);
  /** @param {string} type */
  const of = (type) => Number(parts.find((part) => part.type === type)?.value);
  const asIfUtc = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return asIfUtc - Math.floor(ms / 1000) * 1000;
}

/** @param {Zone} zone */
function browserZone(zone) {
  const name = typeof zone === "object" ? zone.time_zone : zone;
  let known = browserZones.get(name);
  if (!known) browserZones.set(name, (known = makeBrowserZone(name)));
  return known;
}

/**
 * @param {string | undefined} name
 * @returns {BrowserZone}
 */
function makeBrowserZone(name) {
  try {
    return { name, parts: new Intl.DateTimeFormat("en-US", { ...PARTS, timeZone: name }), offsets: new Map() };
  } catch {
    return makeBrowserZone("UTC");
  }
}
