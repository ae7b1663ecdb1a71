/** The part of the agenda that somebody wants to see. Pure. */

import { dayOf, isAhead, isOn, speakersOf } from "./agenda_model.js";
import { shortDate } from "./times.js";
import { locale, say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Event} Event
 *
 * @typedef {object} Choices kept for the event in this browser
 * @property {boolean} own times are the viewer's, not the event's
 * @property {string} day empty: all
 * @property {string} stage empty: all
 * @property {string[]} themes none: all
 * @property {string} speaker empty: all
 * @property {string} language empty: all
 * @property {boolean} mine only what is in one's own agenda
 * @property {boolean | null} grid stages side by side, where there is room; null: if they run in parallel
 * @property {string} words that a session must have
 */

/** @type {Choices} */
export const ALL = Object.freeze({ own: false, day: "", stage: "", themes: [], speaker: "", language: "", mine: false, words: "", grid: null });

/**
 * What was kept, as far as the event still has it.
 *
 * @param {string | null} kept
 * @param {Event} event
 * @param {Session[]} sessions
 * @returns {Choices}
 */
export function choicesFrom(kept, event, sessions) {
  const { own, day, stage, themes, speaker, language, mine, grid } = parsed(kept);
  return {
    own: own === true,
    day: dayTabs(event, sessions, own === true).some((tab) => tab.day === day) ? day : "",
    grid: typeof grid === "boolean" ? grid : null,
    stage: event.stages.some(({ id }) => id === stage) ? stage : "",
    themes: event.themes.map(({ id }) => id).filter((id) => Array.isArray(themes) && themes.includes(id)),
    speaker: event.speakers.some(({ id }) => id === speaker) ? speaker : "",
    language: languagesOf(sessions).includes(language) ? language : "",
    mine: mine === true,
    words: "", // a search is of the moment
  };
}

/**
 * @param {string | null} kept
 * @returns {Record<string, any>}
 */
function parsed(kept) {
  try {
    return Object(JSON.parse(kept ?? ""));
  } catch {
    return {};
  }
}

/**
 * @param {Session[]} sessions
 * @param {Choices} choices
 * @param {Event} event
 * @param {ReadonlySet<string> | null} [favourites] null: not known, and so nothing is left out for them
 */
export function chosenSessions(sessions, { own, day, stage, themes, speaker, language, mine, words }, event, favourites = null) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return sessions.filter(
    (session) =>
      (!day || dayOf(session, event, own) === day) &&
      (!stage || session.stage === stage) &&
      (themes.length === 0 || themes.includes(session.theme ?? "")) &&
      (!speaker || session.speakers.includes(speaker)) &&
      (!language || session.language === language) &&
      (!mine || !favourites || favourites.has(session.id)) &&
      (wanted.length === 0 || hasWords(session, wanted, event)),
  );
}

/**
 * The languages to choose from, by their names; none where there is only one.
 *
 * @param {Session[]} sessions
 * @returns {string[]} such as `pt-BR`
 */
export function languagesOf(sessions) {
  const found = [...new Set(sessions.flatMap(({ language }) => language || []))];
  return found.length < 2 ? [] : found.sort((a, b) => languageName(a).localeCompare(languageName(b)));
}

/** @type {Intl.DisplayNames | undefined} */
let languageNames;

/** @param {string} tag such as `pt-BR` @returns {string} its name in words */
export function languageName(tag) {
  languageNames ??= new Intl.DisplayNames([locale], { type: "language" });
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/**
 * @param {Session} session
 * @param {string[]} wanted
 * @param {Event} event
 */
function hasWords(session, wanted, event) {
  const speakers = speakersOf(event, session).flatMap(({ name, company, role }) => [name, company, role]);
  const text = [session.title, session.abstract, ...speakers].join("\n").toLowerCase();
  return wanted.every((word) => text.includes(word));
}

/**
 * Whether talks of several stages go on at the same time, as they are scheduled.
 *
 * @param {Session[]} sessions
 */
export function areParallel(sessions) {
  const talks = sessions.filter(({ kind }) => kind !== "break").sort((a, b) => a.scheduled.start_ms - b.scheduled.start_ms);
  /** @type {Map<string, number>} */
  const ends = new Map();
  return talks.some(({ stage, scheduled: { start_ms, end_ms } }) => {
    const beside = [...ends].some(([other, ms]) => other !== stage && ms > start_ms);
    ends.set(stage, Math.max(end_ms, ends.get(stage) ?? 0));
    return beside;
  });
}

/**
 * The days of the event to choose from; none where there is only one.
 *
 * @param {Event} event
 * @param {Session[]} sessions
 * @param {boolean} own whether times are the viewer's, and so the days
 * @returns {{day: string, text: string}[]}
 */
export function dayTabs(event, sessions, own) {
  const days = own ? [...new Set(sessions.map((session) => dayOf(session, event, true)))].sort() : (event.days ?? []).map(({ date }) => date);
  if (days.length < 2) return [];
  return [{ day: "", text: say("All days") }, ...days.map((day) => ({ day, text: shortDate(day) }))];
}

/**
 * Where “Now” leads: what is on, else what comes next, else what was last.
 *
 * @param {Session[]} sessions in their order
 * @returns {Session | undefined}
 */
export function nowSession(sessions) {
  return sessions.find(isOn) ?? sessions.find(isAhead) ?? sessions[sessions.length - 1];
}
