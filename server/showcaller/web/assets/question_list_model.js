/** Which public questions an attendee sees, and in which order; and what has become of their own. Pure. */

import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").OwnQuestion} OwnQuestion
 * @typedef {import("./question_list.js").ListedQuestion} ListedQuestion
 * @typedef {"votes" | "newest" | "oldest"} Sort
 * @typedef {"all" | "open" | "answered" | "own"} Which
 *
 * @typedef {object} Chosen
 * @property {string} words that a question must have, in itself, its author or its reply
 * @property {Sort} sort
 * @property {Which} which
 */

/** @type {Chosen} */
export const AS_IT_COMES = { words: "", sort: "votes", which: "all" };

/** @type {Record<Sort, (a: ListedQuestion, b: ListedQuestion) => number>} */
const COMPARE = {
  votes: (a, b) => Number(a.state === "answered") - Number(b.state === "answered") || b.votes - a.votes || a.asked_ms - b.asked_ms,
  newest: (a, b) => b.asked_ms - a.asked_ms,
  oldest: (a, b) => a.asked_ms - b.asked_ms,
};

/** @type {Record<Which, (question: ListedQuestion) => boolean>} */
const WANTED = {
  all: () => true,
  open: ({ state }) => state !== "answered",
  answered: ({ state, reply }) => state === "answered" || Boolean(reply),
  own: ({ own }) => own,
};

/**
 * Those that are wanted.
 *
 * @param {ListedQuestion[]} questions
 * @param {Chosen} chosen
 */
export function wantedOf(questions, { words, which }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return questions.filter((question) => {
    const all = `${question.text}\n${question.author ?? ""}\n${question.reply ?? ""}`.toLowerCase();
    return WANTED[which](question) && wanted.every((word) => all.includes(word));
  });
}

/**
 * Pinned ones come first, by votes also answered ones last.
 *
 * @param {ListedQuestion[]} questions
 * @param {string[]} kept ids that keep their places
 * @param {Sort} [sort]
 * @returns {string[]} ids
 */
export function orderOf(questions, kept, sort = "votes") {
  const sorted = [...questions].sort((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false) || COMPARE[sort](a, b));
  const keeping = new Set(kept);
  return [...kept, ...sorted.map(({ id }) => id).filter((id) => !keeping.has(id))];
}

/**
 * What has become of one's own questions since.
 *
 * @param {ReadonlyMap<string, OwnQuestion>} before by id
 * @param {ReadonlyMap<string, OwnQuestion>} now
 * @returns {{id: string, said: string, text: string, session: string}[]}
 */
export function ownNews(before, now) {
  return [...now.values()].flatMap((question) => {
    const { id, text, session, reply } = question;
    const then = before.get(id);
    const said = then && saidOf(then, question);
    return said ? [{ id, said, text: said === REPLIED ? (reply ?? "") : text, session }] : [];
  });
}

const REPLIED = say("Your question was replied to");

/**
 * @param {OwnQuestion} then
 * @param {OwnQuestion} now
 * @returns {string} empty: nothing that one waits for
 */
function saidOf(then, now) {
  if (now.reply && now.reply !== then.reply) return REPLIED;
  if (now.state === then.state) return "";
  if (now.state === "on_air") return say("Your question is being answered now");
  return now.state === "answered" && then.state !== "on_air" ? say("Your question was answered") : "";
}
