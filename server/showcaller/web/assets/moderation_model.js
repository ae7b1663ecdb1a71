/** The moderation board: which question is in which column, what may be done there, and what takes it back. Pure. */

import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").ModeratedQuestion} ModeratedQuestion
 * @typedef {ModeratedQuestion & {votes: number, also: ModeratedQuestion[]}} BoardQuestion `also`: what was merged into it
 * @typedef {"approve" | "reject" | "rejectWith" | "push" | "pull" | "answered" | "reply" | "putBack" | "claim" | "release" | "takeOver"
 *   | "clarify" | "label" | "pin" | "unpin" | "send" | "unsend" | "merge" | "silence" | "unsilence" | "ban" | "unban" | "rejectAll" | "erase"} Action
 * @typedef {"pending" | "approved" | "on_air" | "answered" | "rejected"} Column
 * @typedef {"oldest" | "newest" | "votes"} Sort
 *
 * @typedef {object} BoardView
 * @property {string} words that a question or its author must have
 * @property {Record<string, Sort | undefined>} sorts of columns; others have their first
 *
 * @typedef {object} Step one command
 * @property {"approve" | "reject" | "putBack" | "push" | "pull" | "answered" | "reply" | "clarify" | "label" | "unlabel" | "pin" | "unpin" | "send"
 *   | "unsend" | "merge" | "unmerge" | "ban" | "unban" | "silence" | "unsilence"} name
 * @property {string} id of the question, or of the person
 * @property {string} [text] also the label, or the question that it is merged into
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
export const SORT_TEXT = { oldest: say("Oldest first"), newest: say("Newest first"), votes: say("Most votes first") };

/** What may be done in each state; the first two have a button without being chosen. @type {Record<string, Action[]>} */
export const ACTIONS = {
  pending: ["approve", "reject", "claim", "rejectWith", "clarify", "merge", "label", "pin", "send", "silence", "ban", "rejectAll", "erase"],
  approved: ["push", "answered", "reply", "reject", "claim", "clarify", "merge", "label", "pin", "send", "putBack", "silence", "ban", "rejectAll", "erase"],
  on_air: ["answered", "pull", "reply", "claim", "clarify"],
  answered: ["push", "approve", "reply", "claim", "clarify", "label", "putBack", "erase"],
  rejected: ["approve", "rejectWith", "putBack", "label", "silence", "ban", "rejectAll", "erase"],
  withdrawn: ["erase"],
};

/** About the author, or for good: these stand by themselves. @type {ReadonlySet<Action>} */
export const GRAVE = new Set(["silence", "unsilence", "ban", "unban", "rejectAll", "erase"]);

/** What may be done with a question that another moderator has in hand. @type {Action[]} */
const WHILE_CLAIMED = ["takeOver", "silence", "ban", "rejectAll", "erase"];

/** Opposites: one of the two is offered, and has the key of both. @type {[Action, Action][]} */
const OPPOSITES = [["claim", "release"], ["claim", "takeOver"], ["pin", "unpin"], ["send", "unsend"], ["silence", "unsilence"], ["ban", "unban"]];

/** @param {Action} action that only another one leads to */
export function isOpposite(action) {
  return OPPOSITES.some(([, second]) => second === action);
}

/** @type {Record<Action, {label: string, key: string, done: string}>} */
export const ACTION_TEXT = {
  approve: { label: say("Approve"), key: "A", done: say("Approved") },
  reject: { label: say("Reject"), key: "R", done: say("Rejected") },
  rejectWith: { label: say("Reject with a reason…"), key: "W", done: say("Rejected with a reason") },
  push: { label: say("Push on air"), key: "P", done: say("Put on air") },
  pull: { label: say("Take off air"), key: "U", done: say("Taken off air") },
  answered: { label: say("Answered"), key: "D", done: say("Marked as answered") },
  reply: { label: say("Reply…"), key: "E", done: say("Replied to") },
  putBack: { label: say("Back to review"), key: "Y", done: say("Put back to review") },
  claim: { label: say("Take in hand"), key: "C", done: say("Taken in hand") },
  release: { label: say("Let go"), key: "C", done: say("Let go") },
  takeOver: { label: say("Take over"), key: "C", done: say("Taken over") },
  clarify: { label: say("Put more clearly…"), key: "T", done: say("Put more clearly") },
  label: { label: say("Labels…"), key: "G", done: say("Labelled") },
  pin: { label: say("Pin"), key: "I", done: say("Pinned") },
  unpin: { label: say("Unpin"), key: "I", done: say("Unpinned") },
  send: { label: say("Send to speaker"), key: "S", done: say("Sent to the speaker") },
  unsend: { label: say("Take back from speaker"), key: "S", done: say("Taken back from the speaker") },
  merge: { label: say("Merge…"), key: "M", done: say("Merged") },
  silence: { label: say("Silence author…"), key: "Q", done: say("Author silenced") },
  unsilence: { label: say("Let author ask again"), key: "Q", done: say("Author may ask again") },
  rejectAll: { label: say("Reject all like it…"), key: "N", done: say("Rejected with all like it") },
  ban: { label: say("Remove author…"), key: "B", done: say("Author removed") },
  unban: { label: say("Let author back in"), key: "B", done: say("Author let back in") },
  erase: { label: say("Erase…"), key: "X", done: say("Erased") },
};

/** Keys that are not about a question. @type {[string, string][]} */
export const OTHER_KEYS = [
  ["J, K", say("Next, previous question")],
  ["H, L", say("Column to the left, to the right")],
  ["Z", say("Undo")],
  ["V", say("Polls")],
  ["/", say("Search")],
  ["?", say("Show these keys")],
];

/** Questions as the board shows them: the same object while nothing changes. @type {WeakMap<ModeratedQuestion, BoardQuestion>} */
const boardQuestions = new WeakMap();

/** @type {ModeratedQuestion[]} */
const NONE = [];

/**
 * @param {ModeratedQuestion} question
 * @param {number} votes
 * @param {ModeratedQuestion[]} also
 */
function boardQuestion(question, votes, also) {
  const known = boardQuestions.get(question);
  if (known?.votes === votes && known.also.length === also.length && known.also.every((one, at) => one === also[at])) return known;
  const made = { ...question, votes, also };
  boardQuestions.set(question, made);
  return made;
}

/**
 * What was merged, by the question that it counts for.
 *
 * @param {ReadonlyMap<string, ModeratedQuestion>} byId
 * @returns {Map<string, ModeratedQuestion[]>}
 */
export function mergedOf(byId) {
  /** @type {Map<string, ModeratedQuestion[]>} */
  const found = new Map();
  for (const question of byId.values()) {
    if (!question.merged_into) continue;
    let into = byId.get(question.merged_into);
    while (into?.merged_into) into = byId.get(into.merged_into);
    if (into) found.set(into.id, [...(found.get(into.id) ?? []), question]);
  }
  return found;
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
  const all = [...questions];
  const merged = mergedOf(new Map(all.map((question) => [question.id, question])));
  for (const question of all) {
    const column = question.state === "withdrawn" ? "rejected" : question.state;
    const also = merged.get(question.id) ?? NONE;
    const found = hasWords(question, wanted) || also.some((one) => hasWords(one, wanted));
    if (column in board && !question.merged_into && found) board[column].push(boardQuestion(question, levels.get(question.id) ?? 0, also));
  }
  for (const column of COLUMNS) {
    const sort = sorts[column];
    const [first = "newest"] = SORTS[column];
    const compare = COMPARE[sort && SORTS[column].includes(sort) ? sort : first];
    board[column].sort((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false) || compare(a, b));
  }
  return board;
}

/**
 * @param {ModeratedQuestion} question
 * @param {string[]} wanted
 */
function hasWords({ text, author, reply, original, labels = [] }, wanted) {
  if (wanted.length === 0) return true;
  const all = [text, author, reply, original, ...labels].join("\n").toLowerCase();
  return wanted.every((word) => all.includes(word));
}

/**
 * Who has a question in hand now; null: nobody.
 *
 * @param {Pick<ModeratedQuestion, "claim">} question
 * @param {number} nowMs server time
 */
export function claimOf({ claim }, nowMs) {
  return claim && nowMs < claim.until_ms ? claim : null;
}

/**
 * What may be done with a question.
 *
 * @param {{state: string, person?: string} & Pick<ModeratedQuestion, "claim" | "pinned" | "sent">} question
 * @param {ReadonlySet<string>} banned persons
 * @param {string} [self] who looks: nobody removes or silences themselves
 * @param {{silenced?: ReadonlySet<string>, nowMs?: number}} [more]
 * @returns {Action[]}
 */
export function actionsOf(question, banned, self = "", { silenced = new Set(), nowMs = 0 } = {}) {
  const { state, person = "", pinned, sent } = question;
  const claim = claimOf(question, nowMs);
  const held = claim !== null && claim.person !== self;
  /** @type {Partial<Record<Action, Action[]>>} */
  const instead = {
    ...(claim && { claim: held ? ["takeOver"] : ["release"] }),
    ...(pinned && { pin: ["unpin"] }),
    ...(sent && { send: ["unsend"] }),
    ...(silenced.has(person) && { silence: ["unsilence"] }),
    ...(banned.has(person) && { ban: ["unban"] }),
    ...(person === self && { silence: [], ban: [] }),
  };
  const actions = (ACTIONS[state] ?? []).flatMap((action) => instead[action] ?? [action]);
  return held ? actions.filter((action) => WHILE_CLAIMED.includes(action) || action === "unsilence" || action === "unban") : actions;
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
export function undoSteps(action, { id, state, person, reason, reply, text }, onAir) {
  switch (action) {
    case "putBack":
      if (state === "rejected") return [{ name: "reject", id, text: reason ?? "" }];
      return [{ name: "approve", id }, ...(state === "answered" ? [/** @type {Step} */ ({ name: "answered", id })] : [])];
    case "clarify":
      return [{ name: "clarify", id, text }];
    case "pin":
      return [{ name: "unpin", id }];
    case "unpin":
      return [{ name: "pin", id }];
    case "send":
      return [{ name: "unsend", id }];
    case "unsend":
      return [{ name: "send", id }];
    case "merge":
      return [{ name: "unmerge", id }];
    case "silence":
      return [{ name: "unsilence", id: person }];
    case "unsilence":
      return [{ name: "silence", id: person }];
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
  if (minutes < 1) return say("now");
  if (minutes < 60) return say("{minutes} min", { minutes });
  return minutes < 48 * 60 ? say("{hours} h", { hours: Math.floor(minutes / 60) }) : say("{days} d", { days: Math.floor(minutes / 1440) });
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

/**
 * Labels as they are typed, apart by commas.
 *
 * @param {string} typed
 * @returns {string[]} each once
 */
export function labelsIn(typed) {
  return [...new Set(typed.split(",").map((label) => label.trim()).filter(Boolean))];
}

/**
 * What leads from some labels to others.
 *
 * @param {string} id of the question
 * @param {string[]} before
 * @param {string[]} after
 * @returns {Step[]}
 */
export function labelSteps(id, before, after) {
  const off = before.filter((label) => !after.includes(label)).map((text) => /** @type {Step} */ ({ name: "unlabel", id, text }));
  return [...off, ...after.filter((label) => !before.includes(label)).map((text) => /** @type {Step} */ ({ name: "label", id, text }))];
}
