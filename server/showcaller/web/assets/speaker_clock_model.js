/** The large clock of a speaker's desk: what it counts, and when it turns amber and red. Pure. */

import { isAhead, isHeldUp, isOn, isOver } from "./agenda_model.js";
import { say } from "./words.js";

const AMBER_MS = 120_000;
const RED_MS = 30_000;

/**
 * @typedef {object} SpeakerClock
 * @property {string} label what is counted; empty: nothing
 * @property {number | null} ms what the clock shows; null: a word
 * @property {"" | "wait" | "live"} tone amber from two minutes before the end, red from thirty seconds before it
 *
 * @param {import("/sdk/types.js").Session} session
 * @param {number} showNow
 * @returns {SpeakerClock}
 */
export function speakerClock(session, showNow) {
  if (isOver(session)) return { label: "", ms: null, tone: "" };
  if (isAhead(session)) {
    const label = isHeldUp(session, showNow) ? say("Starts after the talk before it") : say("Starts in");
    return { label, ms: Math.max(0, session.expected.start_ms - showNow), tone: "" };
  }
  const leftMs = session.expected.end_ms - showNow;
  if (leftMs < 0) return { label: say("Over time by"), ms: -leftMs, tone: "live" };
  if (!isOn(session) || leftMs > AMBER_MS) return { label: say("Ends in"), ms: leftMs, tone: "" };
  return leftMs > RED_MS ? { label: say("Wrap up: ends in"), ms: leftMs, tone: "wait" } : { label: say("Time is up in"), ms: leftMs, tone: "live" };
}
