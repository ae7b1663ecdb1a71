/** A chat as it is shown: its messages in order, what is new, and who may say something. Pure. */

import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").ChatMessage} ChatMessage
 * @typedef {import("/sdk/types.js").ChatRoom} ChatRoom
 * @typedef {import("/sdk/types.js").Session} Session
 */

/** @type {Record<string, string>} */
export const BADGES = { speaker: say("Speaker"), staff: say("Organiser") };
export const SLOW_CHOICES = [0, 10, 30, 60, 300];

/**
 * @param {ReadonlyMap<string, any>} items of the channel
 * @param {number | null} untilMs server time; what was said later is left out, for replays
 * @returns {ChatMessage[]} the oldest first
 */
export function messagesInOrder(items, untilMs = null) {
  const messages = [...items].filter(([key]) => key !== "room").map(([, message]) => /** @type {ChatMessage} */ (message));
  const said = messages.filter(({ said_ms }) => said_ms <= (untilMs ?? Infinity));
  return said.sort((a, b) => a.said_ms - b.said_ms || (a.id < b.id ? -1 : 1));
}

/**
 * How many messages have come since somebody looked.
 *
 * @param {ChatMessage[]} messages
 * @param {number} seenMs when the newest one that was seen was said
 * @param {ReadonlySet<string>} own
 */
export function unseen(messages, seenMs, own) {
  return messages.filter(({ id, said_ms }) => said_ms > seenMs && !own.has(id)).length;
}

/** @param {number} count */
export function unseenText(count) {
  return count === 0 ? "" : count > 99 ? say("99+ new") : say("{count} new", { count });
}

/**
 * What stands in the place of the form; empty: one may write.
 *
 * @param {ChatRoom | undefined} room
 * @param {Session} session
 * @param {boolean} silenced
 */
export function closedText(room, session, silenced) {
  if (!room?.open) {
    if (session.state === "upcoming") return say("The chat opens with the doors.");
    return session.state === "ended" || session.state === "skipped" ? say("The chat is over.") : say("A moderator has closed the chat for now.");
  }
  return silenced ? say("A moderator has asked you to pause: you may read, but not write for now.") : "";
}

/** @param {number} seconds of slow mode */
export function slowText(seconds) {
  return seconds === 0 ? "" : say("Slow mode: one message every {length}.", { length: lengthText(seconds) });
}

/** @param {number} seconds */
export function lengthText(seconds) {
  if (seconds < 60) return say("{seconds} s", { seconds });
  const minutes = Math.floor(seconds / 60);
  return seconds % 60 === 0 ? say("{minutes} min", { minutes }) : say("{minutes} min {seconds} s", { minutes, seconds: seconds % 60 });
}
