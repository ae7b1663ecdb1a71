/** The part of the run sheet that a producer wants to see, and whom a talk that runs over holds up. Pure. */

import { dayOf, isAhead, isOn, isOver, nextSession, shorten } from "./agenda_model.js";
import { ALL, chosenSessions } from "./agenda_view_model.js";
import { clockTime, longDate, minutesText } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").Shift} Shift
 *
 * @typedef {object} SheetChoices kept for the event in this tab
 * @property {string} day empty: all
 * @property {string} stage empty: all
 * @property {boolean} columns a column for each stage, not one list
 * @property {boolean} past also what has been over for a while
 * @property {string} words that a session must have
 *
 * @typedef {{key: string, day: string}} DayLine a heading
 * @typedef {{key: string, title: string, lines: (Session | DayLine)[]}} SheetPart one table
 *
 * @typedef {object} OnStage what to say of a stage at the top of the page
 * @property {string} key
 * @property {string} stage its title; empty where there is only one
 * @property {"on" | "next"} kind
 * @property {Session} session
 */

const MINUTE_MS = 60_000;
const RECENT_MS = 10 * MINUTE_MS; // so long what is over stays in sight
const STAGES_WITH_NEXT = 2; // with more, what is next stands only where nothing is on

/** @type {SheetChoices} */
export const WHOLE_SHEET = Object.freeze({ day: "", stage: "", columns: false, past: false, words: "" });

/**
 * What was kept, as far as the event still has it.
 *
 * @param {string | null} kept
 * @param {Event} event
 * @returns {SheetChoices}
 */
export function sheetChoicesFrom(kept, event) {
  let read;
  try {
    read = Object(JSON.parse(kept ?? ""));
  } catch {
    read = {};
  }
  return {
    ...WHOLE_SHEET,
    day: event.days?.some(({ date }) => date === read.day) ? read.day : "",
    stage: event.stages.some(({ id }) => id === read.stage) ? read.stage : "",
    columns: read.columns === true && event.stages.length > 1,
    past: read.past === true,
  };
}

/**
 * What starts together, in the order of the stages.
 *
 * @param {Session[]} sessions in their order
 * @param {Event} event
 */
export function byStartAndStage(sessions, event) {
  const places = new Map(event.stages.map(({ id }, place) => [id, place]));
  const placeOf = (/** @type {Session} */ { stage }) => places.get(stage) ?? places.size;
  return [...sessions].sort((a, b) => a.expected.start_ms - b.expected.start_ms || placeOf(a) - placeOf(b));
}

/**
 * Whether a session is over and no longer of interest: what was skipped ahead of its time still is.
 *
 * @param {Session} session
 * @param {number} showNow
 */
export function isPast(session, showNow) {
  return isOver(session) && (session.actual.end_ms ?? session.expected.end_ms) < showNow - RECENT_MS;
}

/**
 * By how many whole minutes a session can be made shorter: it ends neither before it starts nor before now.
 *
 * @param {Session} session
 * @param {number} showNow
 * @returns {number}
 */
export function mostShorterMin(session, showNow) {
  const { start_ms, end_ms } = session.expected;
  const leftMs = isOn(session) ? Math.max(end_ms, showNow) - Math.max(start_ms + 1, showNow) : end_ms - start_ms - 1;
  return Math.max(0, Math.floor(leftMs / MINUTE_MS));
}

/**
 * The sessions that are wanted, and how many of them are folded away.
 *
 * @param {Session[]} sessions in their order
 * @param {SheetChoices} choices
 * @param {Event} event
 * @param {number} showNow
 * @returns {{shown: Session[], folded: number}}
 */
export function chosenOfSheet(sessions, { day, stage, past, words }, event, showNow) {
  const chosen = chosenSessions(sessions, { ...ALL, day, stage, words }, event);
  if (words) return { shown: chosen, folded: 0 }; // who searches wants all
  const open = chosen.filter((session) => !isPast(session, showNow));
  return { shown: past ? chosen : open, folded: chosen.length - open.length };
}

/**
 * One table, or one for each stage, with days where there are several.
 *
 * @param {Session[]} shown
 * @param {SheetChoices} choices
 * @param {Event} event
 * @returns {SheetPart[]}
 */
export function sheetParts(shown, { columns, stage }, event) {
  if (!columns) return [{ key: "", title: "", lines: linesWithDays(shown, event) }];
  return event.stages
    .filter(({ id }) => !stage || id === stage)
    .map(({ id, title }) => ({ key: id, title, lines: linesWithDays(shown.filter((one) => one.stage === id), event) }));
}

/**
 * @param {Session[]} sessions
 * @param {Event} event
 * @returns {(Session | DayLine)[]}
 */
function linesWithDays(sessions, event) {
  if ((event.days?.length ?? 0) < 2) return sessions;
  /** @type {Map<string, Session[]>} */
  const days = new Map();
  for (const session of sessions) {
    const day = dayOf(session, event, false);
    days.set(day, [...(days.get(day) ?? []), session]);
  }
  const inOrder = [...days].sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.flatMap(([day, ofDay]) => [{ key: `day:${day}`, day: longDate(day) }, ...ofDay]);
}

/**
 * What is on each stage, and what comes next there.
 *
 * @param {Session[]} sessions in their order
 * @param {Event} event
 * @returns {OnStage[]}
 */
export function onStages(sessions, event) {
  const several = event.stages.length > 1;
  return event.stages.flatMap(({ id, title }) => {
    const stage = several ? title : "";
    const on = sessions.filter((session) => session.stage === id && isOn(session));
    const next = nextSession(sessions, id);
    const withNext = on.length === 0 || event.stages.length <= STAGES_WITH_NEXT;
    /** @type {OnStage[]} */
    const lines = on.map((session) => ({ key: `on:${session.id}`, stage, kind: "on", session }));
    if (next && withNext) lines.push({ key: `next:${next.id}`, stage, kind: "next", session: next });
    return lines;
  });
}

/**
 * Where “Jump to live” leads: what is on, else what comes, else what was last.
 *
 * @param {Session[]} sessions in their order
 */
export function liveSession(sessions) {
  return sessions.find((one) => isOn(one) && one.kind !== "break") ?? sessions.find(isOn) ?? sessions.find(isAhead) ?? sessions.findLast(isOver);
}

/**
 * The first that waits for a session which runs over.
 *
 * @param {Session} session
 * @param {Session[]} sessions in their order
 */
export function heldUpBy(session, sessions) {
  return session.state === "overrunning" ? sessions.find(({ waiting_for }) => waiting_for === session.id) : undefined;
}

/**
 * By how many minutes a session is held up now; 0 before it is due.
 *
 * @param {Session} next
 * @param {number} showNow
 */
export function heldMinutes(next, showNow) {
  return Math.max(0, Math.ceil((showNow - next.expected.start_ms) / MINUTE_MS));
}

/**
 * Whom a session that runs over delays, and until when.
 *
 * @param {Session | undefined} next the first that waits for it
 * @param {number} showNow
 * @param {Shift[] | null} shifts what moves if it ends now; null: not known yet
 * @param {Event} event
 */
export function overrunText(next, showNow, shifts, event) {
  if (!next) return say("Delays nobody.");
  const minutes = heldMinutes(next, showNow);
  if (minutes === 0) return say("Delays nobody until {time}.", { time: clockTime(next.expected.start_ms, event) });
  const first = say("Holds up “{title}” by {length}", { title: shorten(next.title, 30), length: minutesText(minutes) });
  const moved = shifts?.filter(({ before_ms, after_ms }) => after_ms > before_ms) ?? [];
  const last = moved.at(-1);
  if (!last) return `${first}.`;
  const until = clockTime(Math.max(...moved.map(({ after_end_ms }) => after_end_ms)), event);
  return moved.length === 1 ? say("{first}, nothing else.", { first }) : say("{first} and {count} more, until {time}.", { first, count: moved.length - 1, time: until });
}
