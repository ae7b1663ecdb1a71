/** Lengths as the server counts them: graphemes and bytes of UTF-8. Pure. */

import { say, sayCount } from "./words.js";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const encoder = new TextEncoder();

export const QUESTION = { graphemes: 500, bytes: 2000 };
export const CHAT = { graphemes: 300, bytes: 2000 };
export const ANNOUNCEMENT = { graphemes: 280, bytes: 2000 };

/** @param {string} text */
export function graphemes(text) {
  return [...segmenter.segment(text)].length;
}

/**
 * What is wrong with the length; empty if nothing is.
 *
 * @param {string} text
 * @param {{graphemes: number, bytes: number}} limit
 * @returns {string}
 */
export function lengthProblem(text, limit) {
  if (text.trim() === "") return say("Write something first.");
  const over = graphemes(text.trim()) - limit.graphemes;
  if (over > 0) return sayCount(over, "Too long by {count} character.", "Too long by {count} characters.");
  if (encoder.encode(text.trim()).length > limit.bytes) return say("Too long: these characters take much room. Shorten it.");
  return "";
}
