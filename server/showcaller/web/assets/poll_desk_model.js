/** What moderators can do with polls, and how a draft is read from its form. Pure. */


import { say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").DeskPoll} DeskPoll
 * @typedef {import("/sdk/types.js").PollDraft} PollDraft
 * @typedef {import("/sdk/types.js").PollPlan} PollPlan
 * @typedef {import("/sdk/types.js").PollKind} PollKind
 * @typedef {"open" | "close" | "show" | "hide" | "edit" | "delete"} PollAction
 *
 * @typedef {object} Written what stands in the form
 * @property {PollKind} kind
 * @property {string} text
 * @property {string} options one a line
 * @property {string} right the place of a quiz's right option
 * @property {string} most
 * @property {string} timer seconds
 * @property {boolean} anonymous
 * @property {string} results
 * @property {string} anchor empty: it is opened by hand
 * @property {string} minutes
 */

const MIN_OPTIONS = 2;
const MAX_OPTIONS = 12;
export const STEPS = "1\n2\n3\n4\n5"; // of a rating, to begin with

/** @type {Record<PollAction, string>} */
export const ACTION_LABELS = { open: say("Open##do"), close: say("Close"), show: say("Show results"), hide: say("Hide results"), edit: say("Edit…"), delete: say("Delete") };

/** @type {Record<string, string>} */
export const ANCHORS = { "": say("By hand"), doors_open: say("When doors open"), started: say("When the talk starts"), ended: say("When the talk ends") };

/** @type {Record<string, string>} */
export const RESULTS = { live: say("While people vote"), closed: say("When the poll closes"), by_hand: say("When you show them") };

/**
 * @param {DeskPoll} poll
 * @returns {PollAction[]}
 */
export function actionsOf({ state, results, draft }) {
  if (state === "draft") return ["open", "edit", "delete"];
  /** @type {PollAction[]} */
  const next = state === "open" ? ["close"] : draft.kind === "quiz" ? [] : ["open"];
  return [...next, results ? "hide" : "show", "delete"];
}

/**
 * Open ones first, then drafts in the order of making, then closed ones.
 *
 * @param {ReadonlyMap<string, any>} items of the channel of the desk
 * @returns {DeskPoll[]}
 */
export function deskOrder(items) {
  const rank = { open: 0, draft: 1, closed: 2 };
  const polls = /** @type {DeskPoll[]} */ ([...items.values()]);
  return polls.sort((a, b) => rank[a.state] - rank[b.state] || a.made_ms - b.made_ms || (a.id < b.id ? -1 : 1));
}

/** @param {DeskPoll} poll @returns {{text: string, tone: string}} */
export function stateText({ state, plan }) {
  if (state === "open") return { text: say("Open"), tone: "live" };
  if (state === "closed") return { text: say("Closed"), tone: "" };
  return plan ? { text: say("Planned"), tone: "accent" } : { text: say("Draft"), tone: "wait" };
}

/** @param {PollPlan | null} plan */
export function planText(plan) {
  if (!plan) return "";
  const { anchor, minutes } = plan;
  const what = { doors_open: say("doors open"), started: say("the talk starts"), ended: say("the talk ends") }[anchor];
  if (!minutes) return say("Opens when {what}.", { what });
  if (minutes < 0) return sayCount(-minutes, "Opens {count} minute before {what}.", "Opens {count} minutes before {what}.", { what });
  return sayCount(minutes, "Opens {count} minute after {what}.", "Opens {count} minutes after {what}.", { what });
}

/** @param {string} text one a line */
export const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/**
 * The draft that was written, or what is wrong with it.
 *
 * @param {Written} written
 * @returns {{draft: Required<PollDraft>, plan: PollPlan | null} | {problem: string, field: keyof Written}}
 */
export function draftFrom({ kind, text, options, right, most, timer, anonymous, results, anchor, minutes }) {
  const lines = kind === "words" ? [] : linesOf(options);
  if (!text.trim()) return { problem: say("Write the question first."), field: "text" };
  if (kind !== "words" && (lines.length < MIN_OPTIONS || lines.length > MAX_OPTIONS)) {
    return { problem: say("Write {least} to {most} options, one a line.", { least: MIN_OPTIONS, most: MAX_OPTIONS }), field: "options" };
  }
  if (new Set(lines).size < lines.length) return { problem: say("Two options are the same."), field: "options" };
  if (kind === "quiz" && !lines[Number(right)]) return { problem: say("Say which option is right."), field: "right" };
  const seconds = Math.round(Number(timer) || 0);
  if (seconds < 0 || seconds > 3600) return { problem: say("A timer has up to 3600 seconds."), field: "timer" };
  const many = kind === "multiple" || kind === "words";
  return {
    draft: {
      kind,
      text: text.trim(),
      options: lines,
      most: many ? Math.max(0, Math.min(Math.round(Number(most) || 0), kind === "words" ? 5 : lines.length)) : 0,
      anonymous,
      results: /** @type {PollDraft["results"] & string} */ (results),
      right: kind === "quiz" ? [Number(right)] : [],
      timer_s: seconds,
    },
    plan: anchor ? { anchor: /** @type {PollPlan["anchor"]} */ (anchor), minutes: Math.round(Number(minutes) || 0) } : null,
  };
}

/**
 * What stands in the form of a poll, or of a new one.
 *
 * @param {DeskPoll | null} poll
 * @returns {Written}
 */
export function writtenFrom(poll) {
  const { kind = "single", text = "", options = [], right = [], most = 0, timer_s = 0, anonymous = true, results = "live" } = poll?.draft ?? {};
  return {
    kind,
    text,
    options: options.join("\n"),
    right: String(right[0] ?? 0),
    most: most ? String(most) : "",
    timer: timer_s ? String(timer_s) : "",
    anonymous,
    results,
    anchor: poll?.plan?.anchor ?? "",
    minutes: String(poll?.plan?.minutes ?? 0),
  };
}
