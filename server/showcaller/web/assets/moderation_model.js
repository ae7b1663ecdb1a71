/** The moderation board: which question is in which column, what may be done there, and what takes it back. Pure. */

/**
 * @typedef {import("/sdk/types.js").ModeratedQuestion} ModeratedQuestion
 * @typedef {ModeratedQuestion & {votes: number}} BoardQuestion
 * @typedef {"approve" | "reject" | "rejectWith" | "push" | "pull" | "answered" | "reply" | "ban" | "unban" | "erase"} Action
 * @typedef {"pending" | "approved" | "on_air" | "answered" | "rejected"} Column
 * @typedef {"oldest" | "newest" | "votes"} Sort
 *
 * @typedef {object} BoardView
 * @property {string} words that a question or its author must have
 * @property {Record<string, Sort | undefined>} sorts of columns; others have their first
 *
 * @typedef {object} Step one command
 * @property {"approve" | "reject" | "putBack" | "push" | "pull" | "answered" | "reply" | "ban" | "unban"} name
 * @property {string} id of the question, or of the person
 * @property {string} [text]
 */

export const COLUMNS = /** @type {const} */ (["pending", "approved", "on_air", "answered", "rejected"]);

/** How a column may be sorted; as the first one says, if nobody chose. @type {Record<Column, Sort[]>} */
export const SORTS = {
  pending: ["oldest", "newest"],
  approved: ["votes", "oldest", "newest"],
  on_air: ["newest"],
  answered: ["newest"],
  rejected: ["newest"],
};

/** @type {Record<Sort, string>} */
export const SORT_TEXT = { oldest: "Oldest first", newest: "Newest first", votes: "Most votes first" };

/** What may be done in each state; the first two have a button without being chosen. @type {Record<string, Action[]>} */
export const ACTIONS = {
  pending: ["approve", "reject", "rejectWith", "ban", "erase"],
  approved: ["push", "answered", "reply", "reject", "ban", "erase"],
  on_air: ["answered", "pull", "reply"],
  answered: ["push", "approve", "reply", "erase"],
  rejected: ["approve", "rejectWith", "ban", "erase"],
  withdrawn: ["erase"],
};

/** @type {Record<Action, {label: string, key: string, done: string}>} */
export const ACTION_TEXT = {
  approve: { label: "Approve", key: "A", done: "Approved" },
  reject: { label: "Reject", key: "R", done: "Rejected" },
  rejectWith: { label: "Reject with a reason…", key: "W", done: "Rejected with a reason" },
  push: { label: "Push on air", key: "P", done: "Put on air" },
  pull: { label: "Take off air", key: "U", done: "Taken off air" },
  answered: { label: "Answered", key: "D", done: "Marked as answered" },
  reply: { label: "Reply…", key: "E", done: "Replied to" },
  ban: { label: "Remove author…", key: "B", done: "Author removed" },
  unban: { label: "Let author back in", key: "B", done: "Author let back in" },
  erase: { label: "Erase…", key: "X", done: "Erased" },
};

/** Keys that are not about a question. @type {[string, string][]} */
export const OTHER_KEYS = [
  ["J, K", "Next, previous question"],
  ["H, L", "Column to the left, to the right"],
  ["Z", "Undo"],
  ["/", "Search"],
  ["?", "Show these keys"],
];

/** Questions as the board shows them: the same object while nothing changes. @type {WeakMap<ModeratedQuestion, BoardQuestion>} */
const boardQuestions = new WeakMap();

/**
 * @param {ModeratedQuestion} question
 * @param {number} votes
 */
function boardQuestion(question, votes) {
  const known = boardQuestions.get(question);
  if (known?.votes === votes) return known;
  const made = { ...question, votes };
  boardQuestions.set(question, made);
  return made;
}

/** @type {Record<Sort, (a: BoardQuestion, b: BoardQuestion) => number>} */
const COMPARE = {
  oldest: (a, b) => a.asked_ms - b.asked_ms,
  newest: (a, b) => b.asked_ms - a.asked_ms,
  votes: (a, b) => b.votes - a.votes || a.asked_ms - b.asked_ms,
};

/**
 * @param {Iterable<ModeratedQuestion>} questions
 * @param {ReadonlyMap<string, number>} levels votes
 * @param {BoardView} [view]
 * @returns {Record<Column, BoardQuestion[]>}
 */
export function boardOf(questions, levels, { words, sorts } = { words: "", sorts: {} }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  /** @type {Record<Column, BoardQuestion[]>} */
  const board = { pending: [], approved: [], on_air: [], answered: [], rejected: [] };
  for (const question of questions) {
    const column = question.state === "withdrawn" ? "rejected" : question.state;
    if (column in board && hasWords(question, wanted)) board[column].push(boardQuestion(question, levels.get(question.id) ?? 0));
  }
  for (const column of COLUMNS) {
    const sort = sorts[column];
    const [first = "newest"] = SORTS[column];
    board[column].sort(COMPARE[sort && SORTS[column].includes(sort) ? sort : first]);
  }
  return board;
}

/**
 * @param {ModeratedQuestion} question
 * @param {string[]} wanted
 */
function hasWords({ text, author, reply }, wanted) {
  if (wanted.length === 0) return true;
  const all = `${text}\n${author}\n${reply ?? ""}`.toLowerCase();
  return wanted.every((word) => all.includes(word));
}

/**
 * What may be done with a question.
 *
 * @param {{state: string, person?: string}} question
 * @param {ReadonlySet<string>} banned persons
 * @param {string} [self] who looks: nobody removes themselves
 * @returns {Action[]}
 */
export function actionsOf({ state, person = "" }, banned, self = "") {
  const actions = ACTIONS[state] ?? [];
  if (person === self) return actions.filter((action) => action !== "ban");
  return banned.has(person) ? actions.map((action) => (action === "ban" ? "unban" : action)) : actions;
}

/**
 * The action that `key` stands for among `actions`.
 *
 * @param {string} key
 * @param {Action[]} actions
 * @returns {Action | undefined}
 */
export function actionFor(key, actions) {
  return actions.find((action) => ACTION_TEXT[action].key === key.toUpperCase());
}

/**
 * What takes an action back.
 *
 * @param {Action} action
 * @param {BoardQuestion} before the question as it was
 * @param {string | undefined} onAir what was on air then
 * @returns {Step[]} none: nothing does
 */
export function undoSteps(action, { id, state, person, reason, reply }, onAir) {
  switch (action) {
    case "approve":
      if (state === "answered") return [{ name: "answered", id }];
      return state === "rejected" ? [{ name: "reject", id, text: reason ?? "" }] : [{ name: "putBack", id }];
    case "reject":
    case "rejectWith":
      if (state === "rejected") return [{ name: "reject", id, text: reason ?? "" }];
      return [{ name: state === "approved" ? "approve" : "putBack", id }];
    case "push":
      return [{ name: state === "answered" ? "answered" : "pull", id }, ...(onAir ? [/** @type {Step} */ ({ name: "push", id: onAir })] : [])];
    case "pull":
      return [{ name: "push", id }];
    case "answered":
      return [{ name: state === "on_air" ? "push" : "approve", id }];
    case "reply":
      return [{ name: "reply", id, text: reply ?? "" }];
    case "ban":
      return [{ name: "unban", id: person }];
    case "unban":
      return [{ name: "ban", id: person }];
    default:
      return [];
  }
}

/**
 * How long ago something was asked.
 *
 * @param {number} ms
 * @returns {string} `now`, `3 min`, `2 h`, `3 d`
 */
export function agoText(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

/**
 * What a person asked that is neither answered nor rejected yet: rejected when they are removed, if one wants.
 *
 * @param {Iterable<ModeratedQuestion>} questions
 * @param {string} person
 */
export function openQuestionsOf(questions, person) {
  return [...questions].filter((one) => one.person === person && (one.state === "pending" || one.state === "approved"));
}
