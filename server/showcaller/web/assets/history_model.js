/** What the page History says of each act. Pure. */

import { minutesText } from "./times.js";

/** @typedef {import("/sdk/types.js").HistoryEntry} HistoryEntry */

/** The kinds that one may ask for, with their names. @type {[kind: string, text: string][]} */
export const KINDS = [
  ["", "Everything"],
  ["session", "Sessions"],
  ["control", "Undone"],
  ["question", "Questions"],
  ["poll", "Polls"],
  ["announcement", "Announcements"],
  ["qa", "Questions opened and closed"],
  ["person", "People"],
  ["check_list", "Check list"],
  ["clock", "The clock"],
];

/** @type {Record<string, string>} */
const WHAT = {
  "announcement.cancelled": "Withdrew an announcement",
  "announcement.made": "Announced",
  "break.inserted": "Inserted a break",
  "check_list.added": "Put on the check list",
  "check_list.removed": "Took off the check list",
  "clock.held": "Held the clock",
  "clock.resumed": "Let the clock go on",
  "person.banned": "Shut out",
  "person.erased": "Erased a person",
  "person.silenced": "Silenced",
  "person.signed_out": "Revoked all tokens",
  "person.unbanned": "Let in again",
  "person.unsilenced": "Lifted a silence",
  "poll.closed": "Closed a poll",
  "poll.deleted": "Deleted a poll",
  "poll.edited": "Edited a poll",
  "poll.made": "Wrote a poll",
  "poll.opened": "Opened a poll",
  "qa.closed": "Closed the questions",
  "qa.opened": "Opened the questions",
  "question.answered": "Marked as answered",
  "question.approved": "Approved",
  "question.clarified": "Put more clearly",
  "question.erased": "Erased a question",
  "question.merged": "Merged into another",
  "question.pulled": "Took off air",
  "question.pushed": "Put on air",
  "question.rejected": "Rejected",
  "question.replied": "Replied",
  "question.returned": "Put back for review",
  "question.unmerged": "Took a merge back",
  "recording.deleted": "Deleted a recording",
  "schedule.accepted": "Accepted the edited schedule",
  "session.cancelled": "Cancelled",
  "session.ended": "Ended",
  "session.moved": "Moved",
  "session.reopened": "Reopened",
  "session.skipped": "Skipped",
  "session.started": "Started",
  "sessions.swapped": "Swapped",
  "source.chosen": "Chose what the stage shows",
  "speaker.replaced": "Replaced a speaker",
  "token.revoked": "Revoked a token",
};

/**
 * Acts whose words follow from what else they say.
 *
 * @type {Record<string, (details: Record<string, any>) => string>}
 */
const SAID = {
  "catch_up.switched": ({ on }) => (on ? "Switched catching up on" : "Switched catching up off"),
  "chat.deleted": ({ all_of_author }) => (all_of_author ? "Deleted all that somebody wrote in the chat" : "Deleted a message of the chat"),
  "chat.slowed": ({ seconds }) => (seconds ? `Slowed the chat to one message every ${seconds} s` : "Ended the chat’s slow mode"),
  "chat.switched": ({ on }) => (on ? "Opened the chat" : "Closed the chat"),
  "check_list.ticked": ({ on }) => (on ? "Ticked on the check list" : "Took a tick back"),
  "control.undone": ({ undone }) => (undone ? `Undid: ${lower(WHAT[undone] ?? SAID[undone]?.({}) ?? undone)}` : "Undid the last control"),
  "poll.planned": () => "Planned a poll",
  "poll.results_shown": ({ on }) => (on ? "Showed the results" : "Hid the results"),
  "poll.word_hidden": ({ on }) => (on ? "Took a word out" : "Put a word back"),
  "question.labelled": ({ on, label }) => (on ? `Labelled “${label}”` : `Took the label “${label}” off`),
  "question.pinned": ({ on }) => (on ? "Pinned" : "Unpinned"),
  "question.sent": ({ on }) => (on ? "Sent to the speakers" : "Took back from the speakers"),
  "questions.rejected": ({ of }) => (of === "address" ? "Rejected all of an address" : "Rejected all of a person"),
  "session.delayed": ({ minutes }) => (minutes === undefined ? "Delayed" : `${minutes < 0 ? "Moved forward" : "Delayed"} by ${minutesText(minutes)}`),
  "session.extended": ({ minutes }) => (minutes === undefined ? "Extended" : `${minutes < 0 ? "Shortened" : "Extended"} by ${minutesText(minutes)}`),
};

/** @type {Record<string, string>} */
const REFUSED = {
  cannot_undo: "something was built upon it",
  claimed: "another moderator had it in hand",
  stale_preview: "the run sheet had changed",
  wrong_state: "its state did not allow it",
};

/** @param {HistoryEntry} entry */
export function actText({ what, details, refused }) {
  const said = SAID[what]?.(details) ?? WHAT[what] ?? what;
  return refused ? `${said} (refused: ${REFUSED[refused] ?? refused})` : said;
}

/** The thing itself, its session, and why: as many as there are. @param {HistoryEntry} entry */
export function onWhatText({ about, title, details, kind, subject }) {
  const thing = about || (kind === "person" || kind === "token" ? subject : "");
  const quoted = about && (kind === "question" || kind === "poll" || kind === "announcement") ? `“${about}”` : thing;
  return [quoted, title, details.note].filter(Boolean).join(" · ");
}

/** @param {HistoryEntry} entry */
export function doerText({ name, by }) {
  return name || by;
}

/**
 * Those who did something, each once, for a menu.
 *
 * @param {readonly HistoryEntry[]} entries
 * @returns {[by: string, name: string][]} by name
 */
export function doersOf(entries) {
  const names = new Map(entries.map((entry) => [entry.by, doerText(entry)]));
  return [...names].sort(([, a], [, b]) => a.localeCompare(b));
}

/** @param {string} text */
function lower(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
