/** What the page History says of each act. Pure. */

import { minutesText } from "./times.js";
import { inSentence, say } from "./words.js";

/** @typedef {import("/sdk/types.js").HistoryEntry} HistoryEntry */

/** The kinds that one may ask for, with their names. @type {[kind: string, text: string][]} */
export const KINDS = [
  ["", say("Everything")],
  ["session", say("Sessions")],
  ["control", say("Undone")],
  ["question", say("Questions")],
  ["poll", say("Polls")],
  ["announcement", say("Announcements")],
  ["qa", say("Questions opened and closed")],
  ["person", say("People")],
  ["check_list", say("Check list")],
  ["clock", say("The clock")],
];

/** @type {Record<string, string>} */
const WHAT = {
  "announcement.cancelled": say("Withdrew an announcement"),
  "announcement.made": say("Announced"),
  "break.inserted": say("Inserted a break"),
  "check_list.added": say("Put on the check list"),
  "check_list.removed": say("Took off the check list"),
  "clock.held": say("Held the clock"),
  "clock.resumed": say("Let the clock go on"),
  "guest.invited": say("Made a guest’s link"),
  "person.banned": say("Shut out"),
  "person.erased": say("Erased a person"),
  "person.silenced": say("Silenced"),
  "person.signed_out": say("Revoked all tokens"),
  "person.unbanned": say("Let in again"),
  "person.unsilenced": say("Lifted a silence"),
  "poll.closed": say("Closed a poll"),
  "poll.deleted": say("Deleted a poll"),
  "poll.edited": say("Edited a poll"),
  "poll.made": say("Wrote a poll"),
  "poll.opened": say("Opened a poll"),
  "qa.closed": say("Closed the questions"),
  "qa.opened": say("Opened the questions"),
  "question.answered": say("Marked as answered"),
  "question.approved": say("Approved"),
  "question.clarified": say("Put more clearly"),
  "question.erased": say("Erased a question"),
  "question.merged": say("Merged into another"),
  "question.pulled": say("Took off air"),
  "question.pushed": say("Put on air"),
  "question.rejected": say("Rejected"),
  "question.replied": say("Replied"),
  "question.returned": say("Put back for review"),
  "question.unmerged": say("Took a merge back"),
  "recording.deleted": say("Deleted a recording"),
  "schedule.accepted": say("Accepted the edited schedule"),
  "session.cancelled": say("Cancelled"),
  "session.ended": say("Ended"),
  "session.moved": say("Moved"),
  "session.reopened": say("Reopened"),
  "session.skipped": say("Skipped"),
  "session.started": say("Started"),
  "sessions.swapped": say("Swapped"),
  "source.chosen": say("Chose what the stage shows"),
  "speaker.replaced": say("Replaced a speaker"),
  "token.revoked": say("Revoked a token"),
};

/**
 * Acts whose words follow from what else they say.
 *
 * @type {Record<string, (details: Record<string, any>) => string>}
 */
const SAID = {
  "catch_up.switched": ({ on }) => (on ? say("Switched catching up on") : say("Switched catching up off")),
  "chat.deleted": ({ all_of_author }) => (all_of_author ? say("Deleted all that somebody wrote in the chat") : say("Deleted a message of the chat")),
  "chat.slowed": ({ seconds }) => (seconds ? say("Slowed the chat to one message every {seconds} s", { seconds }) : say("Ended the chat’s slow mode")),
  "chat.switched": ({ on }) => (on ? say("Opened the chat") : say("Closed the chat")),
  "check_list.ticked": ({ on }) => (on ? say("Ticked on the check list") : say("Took a tick back")),
  "control.undone": ({ undone }) => (undone ? say("Undid: {what}", { what: inSentence(WHAT[undone] ?? SAID[undone]?.({}) ?? undone) }) : say("Undid the last control")),
  "poll.planned": () => say("Planned a poll"),
  "poll.results_shown": ({ on }) => (on ? say("Showed the results") : say("Hid the results")),
  "poll.word_hidden": ({ on }) => (on ? say("Took a word out") : say("Put a word back")),
  "question.labelled": ({ on, label }) => (on ? say("Labelled “{label}”", { label }) : say("Took the label “{label}” off", { label })),
  "question.pinned": ({ on }) => (on ? say("Pinned") : say("Unpinned")),
  "question.sent": ({ on }) => (on ? say("Sent to the speakers") : say("Took back from the speakers")),
  "questions.rejected": ({ of }) => (of === "address" ? say("Rejected all of an address") : say("Rejected all of a person")),
  "session.delayed": ({ minutes }) => (minutes === undefined ? say("Delayed") : minutes < 0 ? say("Moved forward by {length}", { length: minutesText(minutes) }) : say("Delayed by {length}", { length: minutesText(minutes) })),
  "session.extended": ({ minutes }) => (minutes === undefined ? say("Extended") : minutes < 0 ? say("Shortened by {length}", { length: minutesText(minutes) }) : say("Extended by {length}", { length: minutesText(minutes) })),
};

/** @type {Record<string, string>} */
const REFUSED = {
  cannot_undo: say("something was built upon it"),
  claimed: say("another moderator had it in hand"),
  stale_preview: say("the run sheet had changed"),
  wrong_state: say("its state did not allow it"),
};

/** @param {HistoryEntry} entry */
export function actText({ what, details, refused }) {
  const said = SAID[what]?.(details) ?? WHAT[what] ?? what;
  return refused ? say("{what} (refused: {why})", { what: said, why: REFUSED[refused] ?? refused }) : said;
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
