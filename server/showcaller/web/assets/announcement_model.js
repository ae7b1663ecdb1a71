/** The announcements that moderators and producers made: planned, sent, withdrawn. Pure. */

import { sessionOf, shorten } from "./agenda_model.js";
import { clockTimeBeside, wallClock } from "./times.js";

/** @typedef {import("/sdk/types.js").DeskAnnouncement} DeskAnnouncement */

/**
 * Planned ones first, the next on top; then the others, the newest on top.
 *
 * @param {Iterable<DeskAnnouncement>} announcements
 * @returns {DeskAnnouncement[]}
 */
export function announcementsInOrder(announcements) {
  const all = [...announcements];
  const planned = all.filter(isPlanned).sort((a, b) => Number(a.at_ms) - Number(b.at_ms));
  const past = all.filter((one) => !isPlanned(one)).sort((a, b) => Number(b.called_ms ?? -1) - Number(a.called_ms ?? -1));
  return [...planned, ...past];
}

/** @param {DeskAnnouncement} announcement whether it is still to come */
export function isPlanned({ called_ms, withdrawn }) {
  return called_ms === null && !withdrawn;
}

/**
 * What became of it, when, for whom and by whom.
 *
 * @param {DeskAnnouncement} announcement
 * @param {ReadonlyMap<string, any>} items of the agenda
 * @param {{showNow: number, showAt: (wallMs: number) => number}} clock
 */
export function announcementState(announcement, items, { showNow, showAt }) {
  const { at_ms, called_ms, session, by, withdrawn } = announcement;
  const event = items.get("event");
  const today = wallClock(event, showNow).day;
  const at = (/** @type {number} */ ms) => clockTimeBeside(ms, event, today);
  const whom = announcement.to === "speakers" ? "to the speakers of" : "to";
  const to = session ? `${whom} “${shorten(sessionOf(items, session)?.title ?? session, 30)}”` : "to everybody";
  const from = by ? `, by ${by}` : "";
  if (called_ms === null) return `${withdrawn ? "Withdrawn, was planned" : "Planned"} for ${at(Number(at_ms))}, ${to}${from}`;
  return `${withdrawn ? "Withdrawn, was sent" : "Sent"} at ${at(showAt(called_ms))}, ${to}${from}`;
}
