/** Questions as they were at a moment, for who is behind what is live, and the chapters of a replay. Pure. */

/** @typedef {import("/sdk/types.js").Question} Question */

/**
 * @template {Question} Shown
 * @param {Shown} question as it is now
 * @param {number} ms server time
 * @returns {Shown | null} as it was then; null: it had not been asked
 */
export function questionAt(question, ms) {
  if (question.asked_ms > ms) return null;
  const { aired = [], answered_ms } = question;
  if (aired.some(([from, until]) => from <= ms && (until === null || ms < until))) return { ...question, state: "on_air" };
  const answered = question.state === "answered" && (answered_ms ?? 0) <= ms;
  return { ...question, state: answered ? "answered" : "approved" };
}

/**
 * @param {Iterable<Question>} questions
 * @param {number} ms server time
 * @returns {Question | undefined} the one that was on air then
 */
export function onAirAt(questions, ms) {
  for (const question of questions) {
    const then = questionAt(question, ms);
    if (then?.state === "on_air") return then;
  }
  return undefined;
}

/**
 * @typedef {object} Chapter
 * @property {string} id
 * @property {string} text
 * @property {number} atMs server time
 *
 * Questions that were answered while it was recorded, in that order: each begins when it was put on air.
 *
 * @param {Iterable<Question>} questions
 * @param {number} fromMs
 * @param {number} untilMs
 * @returns {Chapter[]}
 */
export function chaptersOf(questions, fromMs, untilMs) {
  /** @type {Chapter[]} */
  const found = [];
  for (const { id, text, aired = [], answered_ms } of questions) {
    const atMs = aired.at(-1)?.[0] ?? answered_ms ?? -Infinity;
    if (atMs >= fromMs && atMs < untilMs) found.push({ id, text, atMs });
  }
  return found.sort((a, b) => a.atMs - b.atMs);
}

/**
 * @param {readonly Chapter[]} chapters
 * @param {number} ms server time
 * @returns {string} the id of the one that is on then; empty: none is yet
 */
export function chapterAt(chapters, ms) {
  return chapters.findLast(({ atMs }) => atMs <= ms)?.id ?? "";
}
