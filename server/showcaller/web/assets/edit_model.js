/** The edits that a producer can make of a session, as commands (PROTOCOL.md §6). Pure. */

import { isAhead, isOn, isOver, shorten, speakersOf } from "./agenda_model.js";
import { clockTime, minutesText } from "./times.js";
import { say } from "./words.js";
import { wallClock, zonedInstant } from "./zones.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").CueState} CueState
 * @typedef {"move" | "swap" | "speaker" | "break" | "cancel" | "signal"} EditKind
 *
 * @typedef {{value: string, text: string}} Option
 * @typedef {{command: string, args: Record<string, any>}} Command
 *
 * @typedef {object} EditForm what stands in the dialog's fields
 * @property {EditKind} kind
 * @property {string} stage
 * @property {string} place a start in ms; `TIMED`: by `time`
 * @property {string} time `09:05`, on the session's day in the event's zone
 * @property {boolean} beside
 * @property {string} other
 * @property {string} speaker
 * @property {string} replacement `SOMEBODY_NEW`: by `name`
 * @property {string} name
 * @property {string} company
 * @property {string} note
 * @property {string} signal
 * @property {number} minutes
 * @property {string} title
 */

export const TIMED = "time";
export const SOMEBODY_NEW = "new";
const MINUTE_MS = 60_000;

/** @type {Record<EditKind, string>} */
export const EDIT_TEXT = { move: say("Move"), swap: say("Swap"), speaker: say("Speaker"), break: say("Break after"), cancel: say("Cancel"), signal: say("Signal") };

/** What is told to a session's speakers alone, in their own page beside their clock. */
export const SIGNALS = [say("Wrap up, please."), say("One more question."), say("You have five more minutes."), say("Closer to the microphone, please."), say("Call us when you are done.")];

/**
 * The edits that a session allows now.
 *
 * @param {Session} session
 * @returns {EditKind[]}
 */
export function editsFor(session) {
  const speaker = /** @type {EditKind[]} */ (session.speakers.length > 0 ? ["speaker"] : []);
  if (isAhead(session)) return ["move", "swap", ...speaker, "break", "cancel"];
  return isOn(session) ? ["signal", ...speaker, "break"] : [];
}

/**
 * The places on a stage to which a session can go without an overlap: before each that is to come, and at the end.
 *
 * @param {Session[]} sessions in their order
 * @param {string} stage
 * @param {string} moving the session's id
 * @param {Event} event
 * @returns {Option[]}
 */
export function placesOn(sessions, stage, moving, event) {
  const there = sessions.filter((one) => one.stage === stage && one.id !== moving && !isOver(one));
  const before = there.filter(isAhead).map(({ title, expected }) => ({
    value: String(expected.start_ms),
    text: say("{time}, before “{title}”", { time: clockTime(expected.start_ms, event), title: shorten(title, 40) }),
  }));
  const last = there.at(-1);
  const ends = Math.max(...there.map(({ expected }) => expected.end_ms));
  const after = last ? [{ value: String(ends), text: say("{time}, after “{title}”", { time: clockTime(ends, event), title: shorten(last.title, 40) }) }] : [];
  return [...before, ...after, { value: TIMED, text: say("At another time") }];
}

/**
 * Sessions that one can be swapped with.
 *
 * @param {Session[]} sessions
 * @param {Session} session
 * @param {Event} event
 * @returns {Option[]}
 */
export function swappable(sessions, session, event) {
  const several = event.stages.length > 1;
  const others = sessions.filter((one) => isAhead(one) && one.id !== session.id);
  return others.map(({ id, title, stage, expected }) => {
    const where = several ? `, ${event.stages.find((one) => one.id === stage)?.title ?? stage}` : "";
    return { value: id, text: `${clockTime(expected.start_ms, event)}${where}: ${shorten(title, 50)}` };
  });
}

/**
 * Whom a session has, and who may come in their place.
 *
 * @param {Session} session
 * @param {Event} event
 * @returns {{now: Option[], others: Option[]}}
 */
export function speakerChoices(session, event) {
  const named = new Map(speakersOf(event, session).map(({ id, name }) => [id, name]));
  const now = session.speakers.map((id) => ({ value: id, text: named.get(id) ?? id }));
  const known = event.speakers.filter(({ id }) => !session.speakers.includes(id));
  const others = known.map(({ id, name, company }) => ({ value: id, text: company ? `${name}, ${company}` : name }));
  return { now, others: [{ value: SOMEBODY_NEW, text: say("Somebody new") }, ...others] };
}

/**
 * The command that the dialog's fields make; null: something is missing yet.
 *
 * @param {EditForm} form
 * @param {Session} session
 * @param {Event} event
 * @returns {Command | null}
 */
export function commandOf(form, session, event) {
  const about = { session: session.id };
  switch (form.kind) {
    case "move": {
      const starts_at_ms = form.place === TIMED ? instantOf(form.time, session, event) : Number(form.place);
      if (!starts_at_ms) return null;
      const beside = form.place === TIMED && form.beside;
      return { command: "session.move", args: { ...about, stage: form.stage, starts_at_ms, ...(beside && { beside }) } };
    }
    case "swap":
      return form.other ? { command: "session.swap", args: { ...about, other: form.other } } : null;
    case "cancel":
      return form.note.trim() ? { command: "session.cancel", args: { ...about, note: form.note } } : null;
    case "signal":
      return form.signal.trim() ? { command: "announcement.make", args: { ...about, to: "speakers", text: form.signal } } : null;
    case "break":
      return breakOf(form, session);
    default:
      return speakerOf(form, about);
  }
}

/**
 * @param {EditForm} form
 * @param {Session} session
 * @returns {Command | null}
 */
function breakOf({ minutes, title }, session) {
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 240 || !title.trim()) return null;
  const args = { stage: session.stage, starts_at_ms: session.expected.end_ms, minutes, title };
  return { command: "break.insert", args };
}

/**
 * @param {EditForm} form
 * @param {{session: string}} about
 * @returns {Command | null}
 */
function speakerOf({ speaker, replacement, name, company }, about) {
  const command = "session.replace_speaker";
  if (replacement !== SOMEBODY_NEW) return { command, args: { ...about, speaker, replacement } };
  return name.trim() ? { command, args: { ...about, speaker, name, ...(company.trim() && { company }) } } : null;
}

/**
 * @param {string} time
 * @param {Session} session
 * @param {Event} event
 */
function instantOf(time, session, event) {
  return time ? zonedInstant(event, wallClock(event, session.expected.start_ms).day, time) : 0;
}

/**
 * By how much a session runs, or ran, past its planned end; negative: it was short. 0 while nobody knows.
 *
 * @param {Session} session
 * @param {number} showNow
 */
export function overMs(session, showNow) {
  const { actual, expected, planned } = session;
  if (actual.start_ms === null) return 0;
  return (actual.end_ms ?? Math.max(expected.end_ms, showNow)) - planned.end_ms;
}

/** @param {number} ms what `overMs` says */
export function overText(ms) {
  const minutes = Math.trunc(ms / MINUTE_MS);
  if (minutes === 0) return "";
  const length = minutesText(minutes);
  return minutes > 0 ? say("{length} over", { length }) : say("{length} under", { length });
}

/**
 * Of each session its next cue that has a time.
 *
 * @param {Iterable<CueState>} cues
 * @returns {Map<string, CueState>}
 */
export function nextCues(cues) {
  /** @type {Map<string, CueState>} */
  const next = new Map();
  for (const cue of cues) {
    if (cue.called_ms !== null || cue.dropped || cue.due_ms === null) continue;
    const known = next.get(cue.session);
    if (known?.due_ms === undefined || known.due_ms === null || cue.due_ms < known.due_ms) next.set(cue.session, cue);
  }
  return next;
}
