/** Speakers and their talks. Pure. */

import { sessionsOf } from "./agenda_model.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Speaker} Speaker
 */

/**
 * The talks of a speaker, as they are expected to happen.
 *
 * @param {ReadonlyMap<string, any>} items of the agenda
 * @param {string} speaker
 * @returns {Session[]}
 */
export function talksOf(items, speaker) {
  return sessionsOf(items).filter(({ speakers }) => speakers.includes(speaker));
}

/**
 * @param {string} text with an empty line between paragraphs
 * @returns {string[]}
 */
export function paragraphs(text) {
  return text.split(/\n\s*\n/).map((one) => one.trim()).filter(Boolean);
}

/** @param {{role: string, company: string}} speaker @returns {string} what they are, and where */
export function workOf({ role, company }) {
  return [role, company].filter(Boolean).join(", ");
}

/**
 * @param {Speaker[]} speakers
 * @returns {Speaker[]} by their names
 */
export function byName(speakers) {
  return [...speakers].sort((a, b) => a.name.localeCompare(b.name));
}
