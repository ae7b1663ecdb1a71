/** The moderation board: which question is in which column, and what may be done there. Pure. */

/**
 * @typedef {import("/sdk/types.js").ModeratedQuestion} ModeratedQuestion
 * @typedef {ModeratedQuestion & {votes: number}} BoardQuestion
 * @typedef {"approve" | "reject" | "push" | "pull" | "answered" | "reply" | "erase"} Action
 */

export const COLUMNS = /** @type {const} */ (["pending", "approved", "on_air", "answered", "rejected"]);

/** @type {Record<string, Action[]>} */
export const ACTIONS = {
  pending: ["approve", "reject"],
  approved: ["push", "answered", "reply", "reject"],
  on_air: ["answered", "pull", "reply"],
  answered: ["push", "reply"],
  rejected: ["approve", "erase"],
  withdrawn: ["erase"],
};

/** @type {Record<Action, {label: string, key: string}>} */
export const ACTION_TEXT = {
  approve: { label: "Approve", key: "a" },
  reject: { label: "Reject", key: "r" },
  push: { label: "Push on air", key: "p" },
  pull: { label: "Take off air", key: "u" },
  answered: { label: "Answered", key: "d" },
  reply: { label: "Reply", key: "e" },
  erase: { label: "Erase", key: "x" },
};

/**
 * @param {Iterable<ModeratedQuestion>} questions
 * @param {ReadonlyMap<string, number>} levels votes
 * @returns {Record<string, BoardQuestion[]>} by column
 */
export function boardOf(questions, levels) {
  /** @type {Record<string, BoardQuestion[]>} */
  const board = Object.fromEntries(COLUMNS.map((column) => [column, []]));
  for (const question of questions) {
    const column = question.state === "withdrawn" ? "rejected" : question.state;
    board[column]?.push({ ...question, votes: levels.get(question.id) ?? 0 });
  }
  board.pending?.sort((a, b) => a.asked_ms - b.asked_ms);
  board.approved?.sort((a, b) => b.votes - a.votes || a.asked_ms - b.asked_ms);
  board.answered?.sort((a, b) => b.asked_ms - a.asked_ms);
  board.rejected?.sort((a, b) => b.asked_ms - a.asked_ms);
  return board;
}

/**
 * The action that `key` stands for on a question in `state`.
 *
 * @param {string} key
 * @param {string} state
 * @returns {Action | undefined}
 */
export function actionFor(key, state) {
  return ACTIONS[state]?.find((action) => ACTION_TEXT[action].key === key.toLowerCase());
}
