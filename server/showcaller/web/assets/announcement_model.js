/** The announcements that moderators and producers made: planned, sent, withdrawn. Pure. */

import { sessionOf, shorten } from "./agenda_model.js";
import { clockTimeBeside, wallClock } from "./times.js";
import { say } from "./words.js";

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
  const title = session ? shorten(sessionOf(items, session)?.title ?? session, 30) : "";
  const ofTalk = announcement.to === "speakers" ? say("to the speakers of “{title}”", { title }) : say("to “{title}”", { title });
  const to = (session ? ofTalk : say("to everybody")) + (by ? say(", by {name}", { name: by }) : "");
  const told = { time: called_ms === null ? at(Number(at_ms)) : at(showAt(called_ms)), to };
  if (called_ms === null) return withdrawn ? say("Withdrawn, was planned for {time}, {to}", told) : say("Planned for {time}, {to}", told);
  return withdrawn ? say("Withdrawn, was sent at {time}, {to}", told) : say("Sent at {time}, {to}", told);
}
