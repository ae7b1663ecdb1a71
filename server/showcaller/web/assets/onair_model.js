/** What a stage's screen shows now: question, poll, who speaks, a countdown. Pure. */

import { eventOf, isOn, nextSession, sessionOf, sessionsOf, speakersOf, stageOf } from "./agenda_model.js";
import { pollOnScreen, pollsInOrder } from "./poll_model.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {ReadonlyMap<string, any>} Items
 * @typedef {"question" | "poll" | "speaker" | "countdown"} Part
 *
 * @typedef {object} Screen
 * @property {{text: string, author: string} | null} question
 * @property {import("/sdk/types.js").Poll | null} poll
 * @property {{title: string, names: string, about: string} | null} speaker
 * @property {{title: string, untilMs: number} | null} countdown to a show time
 */

/** @type {Part[]} */
const PARTS = ["question", "poll", "speaker", "countdown"];
const RESULTS_KEPT_MS = 60_000;

/**
 * The parts that the address asks for (`?show=question,poll`); all, if it does not say.
 *
 * @param {string} search
 * @returns {Set<Part>}
 */
export function partsOf(search) {
  const asked = new URLSearchParams(search).get("show");
  if (asked === null) return new Set(PARTS);
  const names = asked.split(",").map((name) => name.trim());
  return new Set(PARTS.filter((part) => names.includes(part)));
}

/**
 * The stage of the address, else the event's first one.
 *
 * @param {Items} items
 * @param {string | null} asked
 * @returns {string | null} null: there is none of that name
 */
export function stageAsked(items, asked) {
  const stages = eventOf(items)?.stages ?? [];
  const found = asked ? stages.find(({ id }) => id === asked) : stages[0];
  return found?.id ?? null;
}

/**
 * The session that a stage's screen is about: what is on there, else what comes next. A break is about what comes after it.
 *
 * @param {Items} items
 * @param {string} stage
 * @returns {Session | undefined}
 */
export function sessionOnScreen(items, stage) {
  const shown = sessionOf(items, stageOf(items, stage)?.session ?? "");
  if (shown && isOn(shown) && shown.kind !== "break") return shown;
  const talks = sessionsOf(items).filter(({ kind }) => kind !== "break");
  return talks.find((session) => isOn(session) && session.stage === stage) ?? nextSession(talks, stage);
}

/**
 * @param {Set<Part>} parts
 * @param {Items} items of the agenda
 * @param {Session | undefined} session
 * @param {{room: Items, polls: Items}} channels of the session
 * @param {number} nowMs wall time
 * @returns {Screen}
 */
export function screenOf(parts, items, session, { room, polls }, nowMs) {
  const on = session !== undefined && isOn(session);
  const asked = room.get("question");
  return {
    question: parts.has("question") && on && asked ? { text: asked.text, author: asked.author ?? "" } : null,
    poll: parts.has("poll") ? pollOnScreen(pollsInOrder(polls), nowMs, RESULTS_KEPT_MS) : null,
    speaker: parts.has("speaker") && on ? lowerThird(items, session) : null,
    countdown: parts.has("countdown") && session && !on ? { title: session.title, untilMs: session.expected.start_ms } : null,
  };
}

/**
 * @param {Items} items
 * @param {Session} session
 */
function lowerThird(items, session) {
  const speakers = speakersOf(eventOf(items), session);
  const about = speakers.length === 1 ? [speakers[0]?.role, speakers[0]?.company].filter(Boolean).join(", ") : "";
  return { title: session.title, names: speakers.map(({ name }) => name).join(", "), about };
}
