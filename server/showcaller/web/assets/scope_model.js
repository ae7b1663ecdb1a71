/** The part of an event that somebody runs: all of it, or, as a stage manager, some stages. Pure. */

import { isOver } from "./agenda_model.js";
import { editsFor } from "./edit_model.js";
import { listed, say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").Event} Event
 *
 * @typedef {object} Scope
 * @property {boolean} all a producer's
 * @property {string[]} stages a manager's, where it is not all
 */

/** @type {Scope} */
export const WHOLE_EVENT = Object.freeze({ all: true, stages: [] });

/**
 * @param {{roles: string[], stages: string[]}} claims of a token
 * @returns {Scope}
 */
export function scopeOf({ roles, stages }) {
  return roles.includes("producer") || roles.includes("ops") ? WHOLE_EVENT : { all: false, stages };
}

/**
 * The channels that tell what is run.
 *
 * @param {Scope} scope
 */
export function deskChannels({ all, stages }) {
  return all ? ["produce"] : stages.map((stage) => `stage/${stage}/produce`);
}

/**
 * @param {Session[]} sessions
 * @param {Scope} scope
 */
export function sessionsIn(sessions, { all, stages }) {
  return all ? sessions : sessions.filter(({ stage }) => stages.includes(stage));
}

/** @type {WeakMap<Event, Event>} */
const narrowed = new WeakMap();

/**
 * The event with these stages only; the same one for the same event.
 *
 * @param {Event} event
 * @param {Scope} scope
 * @returns {Event}
 */
export function eventIn(event, { all, stages }) {
  if (all) return event;
  const known = narrowed.get(event);
  if (known) return known;
  const part = { ...event, stages: event.stages.filter(({ id }) => stages.includes(id)) };
  narrowed.set(event, part);
  return part;
}

/**
 * The edits that a session allows now to who runs it: a manager plans nothing, but signals to speakers.
 *
 * @param {Session} session
 * @param {Scope} scope
 */
export function editsIn(session, { all }) {
  return editsFor(session).filter((kind) => all || kind === "signal");
}

/**
 * Tells whether somebody may still be invited to speak in the session, by who runs it.
 *
 * @param {Session} session
 * @param {Scope} scope
 */
export function guestMayCome(session, { all }) {
  return all && session.kind !== "break" && !isOver(session);
}

/**
 * @param {Event} event
 * @param {Scope} scope
 */
export function scopeText(event, { all, stages }) {
  if (all) return "";
  const titles = stages.map((stage) => event.stages.find(({ id }) => id === stage)?.title ?? stage);
  return say("You run {stages}.", { stages: listed(titles) });
}
