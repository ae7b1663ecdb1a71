/** Questions that pages ask about the items of channel `agenda`. Pure. */

import { longDate, longDay, minutesText, wallClock } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").StageState} StageState
 * @typedef {import("/sdk/types.js").Speaker} Speaker
 * @typedef {ReadonlyMap<string, any>} Items
 */

const MINUTE_MS = 60_000;

/** @param {Items} items @returns {Event | undefined} */
export const eventOf = (items) => items.get("event");

/** @param {Items} items @returns {import("/sdk/types.js").Clock | undefined} */
export const clockOf = (items) => items.get("clock");

/** @param {Items} items @param {string} id @returns {Session | undefined} */
export const sessionOf = (items, id) => items.get(`session:${id}`);

/** @param {Items} items @param {string} id @returns {StageState | undefined} */
export const stageOf = (items, id) => items.get(`stage:${id}`);

// So that talk-9 comes before talk-10 where both begin together.
const byNumber = new Intl.Collator("en", { numeric: true });

/**
 * All sessions as they are expected to happen.
 *
 * @param {Items} items
 * @returns {Session[]}
 */
export function sessionsOf(items) {
  const sessions = [...items].filter(([key]) => key.startsWith("session:")).map(([, session]) => session);
  return sessions.sort(
    (a, b) =>
      a.expected.start_ms - b.expected.start_ms ||
      a.scheduled.start_ms - b.scheduled.start_ms ||
      byNumber.compare(a.id, b.id),
  );
}

/**
 * The first and the last day of an event in words, by its schedule: a day may go on after midnight.
 *
 * @param {import("./zones.js").EventZone & { starts_at_ms: number, ends_at_ms: number, days?: import("/sdk/types.js").Day[] }} event
 * @returns {[string, string]}
 */
export function firstAndLastDay(event) {
  const [first, last] = [event.days?.at(0), event.days?.at(-1)];
  if (first && last) return [longDate(first.date), longDate(last.date)];
  return [longDay(event.starts_at_ms, event), longDay(event.ends_at_ms - 1, event)];
}

/**
 * @param {Event} event
 * @returns {string} its days in words
 */
export function daysText(event) {
  const [first, last] = firstAndLastDay(event);
  return first === last ? first : say("{first} to {last}", { first, last });
}

/** Of each session as it was sent: the viewer's own date of its start. @type {WeakMap<Session, string>} */
const ownDates = new WeakMap();

/**
 * The day that a session belongs to: by the schedule, since one may go on after midnight, or by the viewer's own clock.
 *
 * @param {Session} session
 * @param {Event | undefined} event
 * @param {boolean} own whether times are the viewer's
 * @returns {string} such as `2023-12-13`
 */
export function dayOf(session, event, own) {
  if (!own) return session.day ?? wallClock(event, session.scheduled.start_ms).day;
  const date = ownDates.get(session) ?? wallClock(undefined, session.scheduled.start_ms).day;
  ownDates.set(session, date);
  return date;
}

/**
 * Sessions day by day, with a heading before each day where there are several, or where the viewer's is another than the event's.
 *
 * @param {Session[]} sessions
 * @param {Event | undefined} event
 * @param {boolean} [own] whether times are the viewer's
 * @returns {(Session | string)[]}
 */
export function withDays(sessions, event, own = false) {
  /** @type {Map<string, Session[]>} */
  const days = new Map();
  for (const session of sessions) {
    const day = dayOf(session, event, own);
    const ofDay = days.get(day);
    if (ofDay) ofDay.push(session);
    else days.set(day, [session]);
  }
  const elsewhere = own && sessions.some((session) => dayOf(session, event, true) !== dayOf(session, event, false));
  if (days.size < 2 && !elsewhere) return sessions;
  const inOrder = [...days].sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.flatMap(([day, ofDay]) => [longDate(day), ...ofDay]);
}

/**
 * Items by key. One that is as it was stays the same object: whoever shows it has nothing to do.
 *
 * @param {ReadonlyMap<string, any>} before
 * @param {Record<string, any>} now
 * @returns {ReadonlyMap<string, any>}
 */
export function keepingEqual(before, now) {
  const kept = Object.entries(now).map(([key, item]) => {
    const known = before.get(key);
    return /** @type {[string, any]} */ ([key, JSON.stringify(known) === JSON.stringify(item) ? known : item]);
  });
  return new Map(kept);
}

/** @param {Session} session whether it is on now */
export function isOn(session) {
  return session.state === "live" || session.state === "overrunning";
}

/** @param {Session} session whether it is still to come */
export function isAhead(session) {
  return session.state === "upcoming" || session.state === "doors_open";
}

/** @param {Session} session whether it is over, or never was */
export function isOver(session) {
  return session.state === "ended" || session.state === "skipped";
}

/**
 * The next session to start, on one stage or on any.
 *
 * @param {Session[]} sessions
 * @param {string} [stage]
 * @returns {Session | undefined}
 */
export function nextSession(sessions, stage) {
  return sessions.find((session) => isAhead(session) && (!stage || session.stage === stage));
}

/** Of each event as it was sent: all its speakers by id. @type {WeakMap<Event, Map<string, Speaker>>} */
const speakersById = new WeakMap();

/** @param {Event} event */
function speakersMap(event) {
  const known = speakersById.get(event) ?? new Map(event.speakers.map((speaker) => [speaker.id, speaker]));
  speakersById.set(event, known);
  return known;
}

/**
 * Speakers of a session, in its order.
 *
 * @param {Event | undefined} event
 * @param {Session} session
 * @returns {Speaker[]}
 */
export function speakersOf(event, session) {
  if (!event) return [];
  const all = speakersMap(event);
  return session.speakers.flatMap((id) => all.get(id) ?? []);
}

/**
 * Whether a session is due and waits for one that runs over. Before its time it waits for nobody.
 *
 * @param {Session} session
 * @param {number} showNow
 */
export function isHeldUp({ waiting_for, expected }, showNow) {
  return waiting_for !== null && expected.start_ms <= showNow;
}

/**
 * The live state of a session in a few words.
 *
 * @param {Session} session
 * @param {Items} items
 * @param {number} [showNow] show time: what is not due yet waits for nobody
 * @returns {{text: string, tone: string}}
 */
export function statusOf(session, items, showNow = Infinity) {
  switch (session.state) {
    case "live":
      return session.kind === "break" ? { text: say("Now"), tone: "accent" } : { text: say("Live"), tone: "live" };
    case "overrunning":
      return { text: say("Live, running over"), tone: "live" };
    case "ended":
      return { text: say("Ended"), tone: "" };
    case "skipped":
      return { text: session.note ? say("Cancelled") : say("Skipped"), tone: "" };
    default:
      return aheadStatus(session, items, showNow);
  }
}

/**
 * Why a session is late or cancelled, where a producer said so: of it, or of what was delayed before it on its stage.
 *
 * @param {Session} session
 * @param {Items} items
 * @returns {string}
 */
export function reasonOf(session, items) {
  if (session.state === "skipped") return session.note;
  if (!isAhead(session) || lateMin(session) < 1) return "";
  if (session.note) return session.note;
  /** @type {Session | undefined} */
  let last;
  for (const [key, one] of items) {
    if (!key.startsWith("session:") || !one.note || one.stage !== session.stage || one.state === "skipped" || lateMin(one) < 1) continue;
    const isBefore = one.expected.start_ms < session.expected.start_ms;
    if (isBefore && (!last || one.expected.start_ms > last.expected.start_ms)) last = one;
  }
  return last?.note ?? "";
}

/** By how many whole minutes it is later than planned; negative: earlier. @param {Session} session */
export function lateMin({ expected, planned }) {
  return Math.trunc((expected.start_ms - planned.start_ms) / MINUTE_MS);
}

/** Whether a producer planned it for another time or stage than is scheduled. @param {Session} session */
export function isMoved({ planned, scheduled, stage, scheduled_stage }) {
  return planned.start_ms !== scheduled.start_ms || stage !== scheduled_stage;
}

/**
 * @param {Session} session
 * @param {Items} items
 * @param {number} showNow
 */
function aheadStatus(session, items, showNow) {
  if (isHeldUp(session, showNow)) {
    const other = sessionOf(items, session.waiting_for ?? "");
    return { text: say("Waiting for “{title}”", { title: shorten(other?.title ?? session.waiting_for ?? "", 40) }), tone: "wait" };
  }
  const late = lateMin(session);
  if (late >= 1) return { text: say("Delayed {length}", { length: minutesText(late) }), tone: "wait" };
  if (late <= -1) return { text: say("{length} early", { length: minutesText(late) }), tone: "accent" };
  if (isMoved(session)) return { text: say("Moved"), tone: "wait" };
  if (session.state === "doors_open") return { text: say("Doors open"), tone: "ok" };
  return { text: "", tone: "" };
}

/**
 * @param {string} text
 * @param {number} length
 */
export function shorten(text, length) {
  return text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text;
}

/**
 * A cue's name for people.
 *
 * @param {string} cue
 * @returns {string}
 */
export function cueText(cue) {
  const [name = "", minutes] = cue.split(":");
  const words = CUE_TEXT[name] ?? name.replaceAll("_", " ");
  return minutes ? say("{words} ({minutes} min)", { words, minutes }) : words;
}

/** @type {Record<string, string>} */
const CUE_TEXT = {
  doors_open: say("Doors open"),
  starting_soon: say("Starting soon"),
  started: say("Started"),
  ending_soon: say("Ending soon"),
  overrunning: say("Overrunning"),
  ended: say("Ended"),
  qa_closes: say("Questions close"),
};
