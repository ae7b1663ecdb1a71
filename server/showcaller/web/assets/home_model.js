/** The card of each event in the list of events. Pure. */

import { firstAndLastDay } from "./agenda_model.js";
import { zoneLabel } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").ListedEvent} ListedEvent
 * @typedef {"on" | "ahead" | "over"} Part
 *
 * @typedef {object} EventCard
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {string} days empty: not known yet
 * @property {string} zone
 * @property {Part} part
 * @property {number | null} untilMs show time at which it begins; null: it has
 * @property {number} live sessions that are on, but for breaks
 * @property {import("/sdk/types.js").Brand} brand
 */

const PARTS = /** @type {const} */ (["on", "ahead", "over"]);

/**
 * Cards by what they are: under way, to come with the next one first, and over with the last one first.
 *
 * @param {ListedEvent[]} events
 * @param {(event: ListedEvent) => number} showNow
 * @returns {{part: Part, cards: EventCard[]}[]} parts that have cards
 */
export function homeParts(events, showNow) {
  const inOrder = [...events].sort((a, b) => (a.starts_at_ms ?? 0) - (b.starts_at_ms ?? 0));
  const cards = inOrder.map((event) => cardOf(event, showNow(event)));
  return PARTS.map((part) => {
    const of = cards.filter((card) => card.part === part);
    return { part, cards: part === "over" ? of.reverse() : of };
  }).filter((one) => one.cards.length > 0);
}

/**
 * @param {ListedEvent} event
 * @param {number} nowMs show time
 * @returns {EventCard}
 */
function cardOf(event, nowMs) {
  const { id, title, summary = "", starts_at_ms: starts, ends_at_ms: ends, live = 0, brand = {} } = event;
  const part = partOf(event, nowMs);
  const known = starts !== undefined && ends !== undefined && event.time_zone;
  const zone = known ? { ...event, time_zone: event.time_zone ?? "", utc_offsets: event.utc_offsets ?? [] } : undefined;
  return {
    id,
    title,
    summary,
    days: zone ? daysBetween(...firstAndLastDay({ ...zone, starts_at_ms: Number(starts), ends_at_ms: Number(ends) })) : "",
    zone: zone ? zoneLabel({ ...zone, time_zone_label: event.time_zone_label ?? "", starts_at_ms: Number(starts) }) : "",
    part,
    untilMs: part === "ahead" ? Number(starts) : null,
    live,
    brand,
  };
}

/**
 * @param {ListedEvent} event
 * @param {number} nowMs
 * @returns {Part}
 */
function partOf({ starts_at_ms: starts = 0, ends_at_ms: ends = Infinity, live = 0 }, nowMs) {
  if (live > 0) return "on";
  if (nowMs >= ends) return "over";
  return nowMs < starts ? "ahead" : "on";
}

/**
 * @param {string} first
 * @param {string} last
 */
function daysBetween(first, last) {
  return first === last ? first : say("{first} to {last}", { first, last });
}
