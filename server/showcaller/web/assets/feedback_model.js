/** What people thought of a talk, in words and numbers. Pure. */

import { isOver } from "./agenda_model.js";
import { say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").FeedbackComment} FeedbackComment
 * @typedef {import("/sdk/types.js").OwnRating} OwnRating
 */

export const STARS = [5, 4, 3, 2, 1];

/** Whether people may rate it now. @param {Session} session */
export function takesRatings(session) {
  return session.feedback === true && isOver(session) && session.state !== "skipped";
}

/** @param {number} stars */
export function starsText(stars) {
  return sayCount(stars, "{count} star", "{count} stars");
}

/** @param {OwnRating} rating */
export function ownText({ stars, comment }) {
  return comment ? say("You gave {stars} of 5 stars, and wrote a comment.", { stars }) : say("You gave {stars} of 5 stars.", { stars });
}

/**
 * How many gave so many stars, the most stars first.
 *
 * @param {ReadonlyMap<string, number>} levels
 */
export function tallyOf(levels) {
  return STARS.map((stars) => ({ stars, count: levels.get(String(stars)) ?? 0 }));
}

/** @param {{stars: number, count: number}[]} tally */
export function headline(tally) {
  const count = tally.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return say("Nobody has rated it yet.");
  const mean = tally.reduce((sum, one) => sum + one.stars * one.count, 0) / count;
  return sayCount(count, "{mean} of 5, from one rating", "{mean} of 5, from {count} ratings", { mean: mean.toFixed(1) });
}

/**
 * @param {Iterable<FeedbackComment>} comments
 * @returns {FeedbackComment[]} the newest first
 */
export function newestFirst(comments) {
  return [...comments].sort((a, b) => b.said_ms - a.said_ms || (a.id < b.id ? -1 : 1));
}
