/** What pages say of polls: which are shown, how people voted, and what somebody has chosen. Pure. */

import { listed, say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Poll} Poll
 * @typedef {import("/sdk/types.js").OwnPollVote} OwnPollVote
 * @typedef {Pick<Poll, "id" | "kind" | "options"> & {right?: number[] | null}} Counted
 *
 * @typedef {object} Bar one option or word, and how it did
 * @property {string} key
 * @property {string} label
 * @property {number} count
 * @property {number} share of its bar's length, 0 to 1: of those who voted; of a ranking and of words, of the longest bar
 * @property {string} text beside the bar
 * @property {boolean} right
 * @property {boolean} own the reader chose it
 */

const WORDS_IN_LIST = 20;

/** @type {Record<import("/sdk/types.js").PollKind, string>} */
export const KINDS = {
  single: say("One of several"),
  multiple: say("Several of them"),
  rating: say("Rating"),
  ranking: say("Ranking"),
  words: say("Word cloud"),
  quiz: say("Quiz"),
};

/**
 * Open ones first, and of these the newest; then what was closed last.
 *
 * @param {ReadonlyMap<string, any>} items of the channel of polls
 * @returns {Poll[]}
 */
export function pollsInOrder(items) {
  const rank = (/** @type {Poll} */ { state }) => (state === "open" ? 0 : 1);
  const at = (/** @type {Poll} */ poll) => (poll.state === "open" ? poll.opened_ms : poll.closed_ms) ?? 0;
  return [...items.values()].sort((a, b) => rank(a) - rank(b) || at(b) - at(a) || (a.id < b.id ? -1 : 1));
}

/** @param {string} id @param {ReadonlyMap<string, number>} levels */
export const votersOf = (id, levels) => levels.get(id) ?? 0;

/** @param {string} id @param {ReadonlyMap<string, number>} levels */
export const votersText = (id, levels) => sayCount(votersOf(id, levels), "{count} vote", "{count} votes");

/**
 * How people voted. Options keep their order, so that nothing moves while votes come; a ranking and words stand by how they did.
 *
 * @param {Counted} poll
 * @param {ReadonlyMap<string, number>} levels
 * @param {OwnPollVote} [own]
 * @returns {Bar[]}
 */
export function barsOf(poll, levels, own = {}) {
  const counts = poll.kind === "words" ? wordCounts(poll.id, levels) : optionCounts(poll, levels);
  const voters = votersOf(poll.id, levels);
  const byMost = poll.kind === "ranking" || poll.kind === "words";
  const whole = Math.max(1, ...(byMost ? counts.map(({ count }) => count) : [voters]));
  const bars = counts.map(({ key, label, count }, place) => ({
    key,
    label,
    count,
    share: Math.min(1, count / whole),
    text: barText(poll.kind, count, voters),
    right: poll.kind !== "words" && (poll.right ?? []).includes(place),
    own: poll.kind === "words" ? (own.words ?? []).includes(label) : poll.kind !== "ranking" && (own.options ?? []).includes(place),
  }));
  if (poll.kind === "ranking") bars.sort((a, b) => b.count - a.count);
  return poll.kind === "words" ? bars.slice(0, WORDS_IN_LIST) : bars;
}

/**
 * @param {Counted} poll
 * @param {ReadonlyMap<string, number>} levels
 */
function optionCounts(poll, levels) {
  return poll.options.map((label, place) => ({ key: String(place), label, count: levels.get(`${poll.id}/${place}`) ?? 0 }));
}

/**
 * @param {string} id
 * @param {ReadonlyMap<string, number>} levels
 */
function wordCounts(id, levels) {
  const words = [...levels].filter(([key]) => key.startsWith(`${id}/`)).map(([key, count]) => ({ key, label: key.slice(id.length + 1), count }));
  return words.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
}

/**
 * @param {Poll["kind"]} kind
 * @param {number} count
 * @param {number} voters
 */
function barText(kind, count, voters) {
  if (kind === "ranking") return sayCount(count, "{count} point", "{count} points");
  if (kind === "words") return sayCount(count, "{count} time", "{count} times");
  return `${sayCount(count, "{count} vote", "{count} votes")}, ${voters ? Math.round((100 * count) / voters) : 0} %`;
}

/**
 * What stands above the bars, if anything: a rating's mean.
 *
 * @param {Counted} poll
 * @param {ReadonlyMap<string, number>} levels
 */
export function meanText(poll, levels) {
  const counts = optionCounts(poll, levels).map(({ count }) => count);
  const voters = counts.reduce((sum, count) => sum + count, 0);
  if (poll.kind !== "rating" || !voters) return "";
  const mean = counts.reduce((sum, count, place) => sum + count * (place + 1), 0) / voters;
  return say("{mean} of {most} on average", { mean: mean.toFixed(1), most: poll.options.length });
}

/**
 * @param {Pick<Poll, "options">} poll
 * @param {OwnPollVote | undefined} vote
 */
export function chosenText(poll, vote) {
  if (!vote) return "";
  return [...(vote.options ?? []).map((place) => poll.options[place] ?? ""), ...(vote.words ?? [])].join(", ");
}

/**
 * How a quiz went for the reader, once its answer is told.
 *
 * @param {Poll} poll
 * @param {OwnPollVote | undefined} vote
 */
export function quizText(poll, vote) {
  if (!poll.right) return "";
  const right = listed(poll.right.map((place) => poll.options[place] ?? ""), "disjunction");
  if (!vote?.options?.length) return say("The answer: {right}.", { right });
  return vote.options.every((place) => poll.right?.includes(place)) ? say("Right: {right}.", { right }) : say("Not this time. The answer: {right}.", { right });
}

/**
 * What one is to do.
 *
 * @param {Pick<Poll, "kind" | "most" | "options">} poll
 */
export function howText({ kind, most, options }) {
  if (kind === "multiple") return most < options.length ? say("Choose up to {most}.", { most }) : say("Choose all that apply.");
  if (kind === "ranking") return say("Put the best first.");
  if (kind === "words") return most === 1 ? say("Answer in a word.") : say("Up to {most} words.", { most });
  return "";
}

/** @param {Pick<Poll, "kind" | "state" | "results">} poll */
export function statusText({ kind, state, results }) {
  if (state === "open") return kind === "quiz" ? say("Quiz open") : say("Poll open");
  return results ? say("Results") : say("Closed");
}

/**
 * Why there are no bars.
 *
 * @param {Pick<Poll, "state" | "results">} poll
 * @param {boolean} voted
 */
export function hiddenText({ state, results }, voted) {
  if (results) return "";
  if (state === "closed") return say("Its results are not shown yet.");
  return voted ? say("You can change your vote while the poll is open. Its results are not shown yet.") : "";
}

/** @param {Pick<Poll, "anonymous">} poll */
export const secrecyText = ({ anonymous }) => (anonymous ? say("Anonymous: nobody sees who voted how.") : say("The organiser sees who voted how."));

/**
 * A vote as it can be sent, or what is missing.
 *
 * @param {Pick<Poll, "kind" | "most">} poll
 * @param {{options: number[], words: string[]}} chosen
 * @returns {{vote: OwnPollVote} | {problem: string}}
 */
export function voteFrom({ kind, most }, { options, words }) {
  if (kind === "words") {
    const said = words.map((word) => word.trim()).filter(Boolean);
    return said.length ? { vote: { words: said } } : { problem: say("Write a word first.") };
  }
  if (!options.length) return { problem: say("Choose something first.") };
  return options.length > most ? { problem: say("Choose at most {most}.", { most }) } : { vote: { options } };
}

/**
 * The poll for a screen: the newest open one, else the one whose results were shown last, for a while.
 *
 * @param {Poll[]} polls
 * @param {number} nowMs wall time
 * @param {number} keptMs so long results stay
 * @returns {Poll | null}
 */
export function pollOnScreen(polls, nowMs, keptMs) {
  const open = polls.find(({ state }) => state === "open");
  if (open) return open;
  const shownAt = (/** @type {Poll} */ { shown_ms, closed_ms }) => (shown_ms === null ? -Infinity : Math.max(shown_ms, closed_ms ?? 0));
  const newest = [...polls].sort((a, b) => shownAt(b) - shownAt(a))[0];
  return newest && nowMs - shownAt(newest) < keptMs ? newest : null;
}
