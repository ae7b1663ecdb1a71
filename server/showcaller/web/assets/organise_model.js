/** What the organiser's home lists: who may do what, the links for everybody, and what the event left. Pure. */

import { address, calendarAddress } from "./place.js";
import { locale, say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").KnownToken} KnownToken
 *
 * @typedef {object} OpenLink an address that needs no secret
 * @property {string} what
 * @property {string} path
 *
 * @typedef {object} RoleLine
 * @property {string} role
 * @property {string} may
 * @property {string} holders by name, those whose link was not revoked
 */

/** @type {[role: string, text: string, may: string][]} */
const ROLES = [
  ["producer", say("Producers"), say("Run the whole event: clock, run sheet, sources, people, and this page.")],
  ["stage_manager", say("Stage managers"), say("Run the sessions of their stages, and signal to their speakers.")],
  ["moderator", say("Moderators"), say("Review questions, run polls, announce, silence and ban.")],
  ["speaker", say("Speakers"), say("Publish in their own sessions, and reply to questions there.")],
  ["ops", say("Operators"), say("See how it runs, and revoke links.")],
  ["screen", say("Screens"), say("Look only: a stage's screen, or a source in OBS.")],
];

/** Files of what the event left, each as table and as JSON. @type {[name: string, text: string, kinds: string[]][]} */
export const FILES = [
  ["registrations", say("Registrations"), ["csv", "json"]],
  ["attendance", say("Attendance"), ["csv", "json"]],
  ["stays", say("Who came when and left when"), ["csv", "json"]],
  ["questions", say("Questions, with votes and replies"), ["csv", "json"]],
  ["polls", say("Polls"), ["csv", "json"]],
  ["poll_votes", say("Votes in polls that are not anonymous"), ["csv"]],
  ["feedback", say("Ratings and comments"), ["csv", "json"]],
  ["quality", say("Quality of each talk"), ["csv", "json"]],
  ["history", say("History of who did what"), ["csv", "json"]],
  ["audit", say("Who came in, and who was refused"), ["csv", "json"]],
];

/**
 * @param {KnownToken[]} links of the staff
 * @param {number} nowMs server time
 * @returns {RoleLine[]}
 */
export function roleLines(links, nowMs) {
  const good = links.filter(({ revoked, expires_at_ms }) => !revoked && expires_at_ms > nowMs);
  return ROLES.map(([role, text, may]) => {
    const names = good.filter(({ roles }) => roles.includes(role)).map(holder);
    return { role: text, may, holders: [...new Set(names)].sort((a, b) => a.localeCompare(b)).join(", ") };
  });
}

/** @param {KnownToken} link */
function holder({ name, person, stages = [] }) {
  const where = stages.length ? ` (${stages.join(", ")})` : "";
  return `${name || person}${where}`;
}

/**
 * The addresses that may be given to everybody.
 *
 * @param {Event} event
 * @returns {OpenLink[]}
 */
export function openLinks(event) {
  return [
    { what: say("Agenda, and the way in"), path: address(event.id) },
    { what: say("Speakers"), path: address(event.id, "speakers") },
    { what: say("Calendar to subscribe to"), path: calendarAddress(event.id) },
    ...event.stages.map(({ id, title }) => ({ what: say("On air at {title} (needs a screen's link)", { title }), path: address(event.id, "on-air", id) })),
  ];
}

/**
 * @typedef {object} Attendance
 * @property {string} session
 * @property {string} title
 * @property {number} peak
 * @property {number} average
 * @property {number} minutes
 * @property {number} [people] a person once; a node of an earlier release tells none
 *
 * @param {Attendance[]} lines
 * @returns {{what: string, people: string, peak: string, average: string}[]} the whole event first
 */
export function attendanceLines(lines) {
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  return lines.map(({ session, title, people = 0, peak, average }) => ({
    what: session ? title || session : say("The whole event"),
    people: number.format(people),
    peak: number.format(peak),
    average: number.format(average),
  }));
}
