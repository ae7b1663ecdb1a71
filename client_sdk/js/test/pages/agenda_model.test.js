import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cueText, daysText, isOver, keepingEqual, nextSession, reasonOf, sessionsOf, shorten, speakersOf, statusOf, withDays,
} from "../../../../server/showcaller/web/assets/agenda_model.js";
import { session } from "../../testing/sessions.js";
import { posterOf } from "../../../../server/showcaller/web/assets/poster_model.js";

const MINUTE = 60_000;
const agenda = (...sessions) => new Map(sessions.map((one) => [`session:${one.id}`, one]));

test("sessions come as they are expected", () => {
  const items = agenda(session("b", 20), session("a", 0), session("c", 40, { expected: { start_ms: 0, end_ms: 1 }, scheduled: { start_ms: 9e9, end_ms: 9e9 } }));
  items.set("event", {});
  assert.deepEqual(sessionsOf(items).map(({ id }) => id), ["a", "c", "b"]);
});

const DAYS = {
  time_zone: "Europe/Berlin",
  starts_at_ms: Date.UTC(2027, 5, 11, 16),
  ends_at_ms: Date.UTC(2027, 5, 12, 16),
  days: [
    { date: "2027-06-11", starts_at_ms: Date.UTC(2027, 5, 11, 16), ends_at_ms: Date.UTC(2027, 5, 12, 2) },
    { date: "2027-06-12", starts_at_ms: Date.UTC(2027, 5, 12, 8), ends_at_ms: Date.UTC(2027, 5, 12, 16) },
  ],
};

test("a talk after midnight stands under the day that goes on until then", () => {
  const night = session("night", Date.UTC(2027, 5, 11, 22, 30) / MINUTE, { day: "2027-06-11" });
  const early = session("early", Date.UTC(2027, 5, 11, 22, 10) / MINUTE, { day: "2027-06-12" });
  const lines = withDays([early, night], DAYS).map((line) => line.id ?? line);
  assert.deepEqual(lines, ["Friday, June 11, 2027", "night", "Saturday, June 12, 2027", "early"]);
});

test("sessions of one day have no heading; without days of the schedule dates count", () => {
  const [a, b] = [session("a", 0), session("b", 24 * 60)];
  assert.deepEqual(withDays([a], DAYS), [a]);
  assert.equal(withDays([a, b], { time_zone: "UTC" }).length, 4);
});

test("an event's days are those of its schedule", () => {
  assert.equal(daysText(DAYS), "Friday, June 11, 2027 to Saturday, June 12, 2027");
  assert.equal(daysText({ ...DAYS, days: DAYS.days.slice(0, 1) }), "Friday, June 11, 2027");
  assert.equal(daysText({ ...DAYS, days: [] }), "Friday, June 11, 2027 to Saturday, June 12, 2027");
});

test("the next session is the first that is ahead, on its stage", () => {
  const sessions = [session("a", 0, { state: "live" }), session("b", 20, { stage: "side" }), session("c", 40)];
  assert.equal(nextSession(sessions).id, "b");
  assert.equal(nextSession(sessions, "main").id, "c");
  assert.equal(nextSession(sessions, "other"), undefined);
});

test("the live state in a few words", () => {
  const a = session("a", 0, { state: "overrunning" });
  const text = (fields) => statusOf(session("b", 20, fields), agenda(a)).text;
  assert.equal(text({}), "");
  assert.equal(text({ state: "doors_open" }), "Doors open");
  const at = (/** @type {number} */ minute) => ({ start_ms: minute * 60_000, end_ms: (minute + 20) * 60_000 });
  assert.equal(text({ expected: at(30) }), "Delayed 10 min");
  assert.equal(text({ expected: at(15) }), "5 min early");
  assert.equal(text({ expected: at(60), planned: at(60) }), "Moved");
  assert.equal(text({ stage: "side", scheduled_stage: "main" }), "Moved");
  assert.equal(text({ expected: at(63), planned: at(60) }), "Delayed 3 min");
  assert.equal(text({ state: "skipped", note: "Ill" }), "Cancelled");
  assert.equal(text({ waiting_for: "a", delayed_min: 3 }), "Waiting for “Talk a”");
  assert.equal(text({ waiting_for: "gone" }), "Waiting for “gone”");
  assert.equal(text({ state: "live", delayed_min: 3 }), "Live");
  assert.equal(text({ state: "overrunning" }), "Live, running over");
  assert.equal(text({ state: "ended" }), "Ended");
  assert.equal(text({ state: "skipped" }), "Skipped");
  assert.equal(isOver(session("b", 0, { state: "skipped" })), true);
});

test("speakers in the session's order; unknown ones are left out", () => {
  const event = { speakers: [{ id: "x", name: "X" }, { id: "y", name: "Y" }] };
  assert.deepEqual(speakersOf(event, session("a", 0, { speakers: ["y", "z", "x"] })).map(({ name }) => name), ["Y", "X"]);
  assert.deepEqual(speakersOf(undefined, session("a", 0, { speakers: ["y"] })), []);
});

test("cues and long titles for people", () => {
  assert.equal(cueText("starting_soon:5"), "Starting soon (5 min)");
  assert.equal(cueText("doors_open"), "Doors open");
  assert.equal(cueText("a_later_one"), "a later one");
  assert.equal(shorten("abcdef", 4), "abc…");
});

// The poster -------------------------------------------------------------------------------------

const CONNECTED = { state: "connected", playing: true, still: false, problem: "" };
const IDLE = { state: null, playing: false, still: false, problem: "" };

function poster(sessions, page, onStage, picture = IDLE, showNow = 0) {
  const items = agenda(...sessions);
  return posterOf(items.get(`session:${page}`), { id: "main", title: "", session: onStage, generation: 1 }, items, picture, showNow);
}

test("closed doors count down to their opening", () => {
  const shown = poster([session("a", 30)], "a", null);
  assert.deepEqual([shown.kind, shown.untilMs], ["Doors open in", 20 * MINUTE]);
});

test("open doors count down to the start", () => {
  const shown = poster([session("a", 30, { state: "doors_open" })], "a", "a");
  assert.deepEqual([shown.kind, shown.untilMs], ["Starts in", 30 * MINUTE]);
});

test("what waits for a session that runs over counts down until it is due, then to nothing", () => {
  const waits = session("a", 30, { state: "doors_open", waiting_for: "z" });
  const at = (minutes) => poster([waits], "a", null, IDLE, minutes * MINUTE).untilMs;
  assert.deepEqual([at(29), at(30), at(40)], [30 * MINUTE, null, null]);
  const text = (minutes) => statusOf(waits, agenda(waits), minutes * MINUTE).text;
  assert.deepEqual([text(29), text(30)], ["Doors open", "Waiting for “z”"]);
});

test("a live session without a speaker waits", () => {
  assert.equal(poster([session("a", 0, { state: "live" })], "a", "a").kind, "Waiting for the speaker");
  assert.equal(poster([session("a", 0, { state: "live" })], "a", null).kind, "Nothing on stage");
});

test("a picture that plays has no poster on its session's page; another one's waits with its own", () => {
  const live = session("a", 0, { state: "live", on_air: true });
  assert.equal(poster([live], "a", "a", CONNECTED), null);
  assert.equal(poster([live, session("b", 20)], "b", "a", CONNECTED).kind, "Doors open in");
  assert.equal(poster([live, session("b", -20, { state: "ended" })], "b", "a", CONNECTED).kind, "This session has ended");
});

test("connecting, reconnecting and failing are told apart", () => {
  const live = session("a", 0, { state: "live", on_air: true });
  const kind = (picture) => poster([live], "a", "a", { ...IDLE, ...picture }).kind;
  assert.equal(kind({ state: "connecting" }), "Connecting…");
  assert.equal(kind({ state: "waiting" }), "Connecting…");
  assert.equal(kind({ state: "connected", playing: false }), "Connecting…");
  assert.equal(kind({ state: "connected", playing: false, still: true }), "Connecting…");
  assert.equal(kind({ state: "connected", playing: true, still: true }), "The picture stopped");
  assert.equal(kind({ state: "reconnecting" }), "Reconnecting…");
  assert.equal(kind({ state: "failed", problem: "No." }), "No picture");
});

test("after the end comes the next session on the stage, if there is one", () => {
  const ended = session("a", 0, { state: "ended" });
  const shown = poster([ended, session("b", 20)], "a", null);
  assert.deepEqual([shown.kind, shown.link.id], ["This session has ended", "b"]);
  assert.equal(poster([ended], "a", null).link, null);
  assert.equal(poster([ended, session("b", 20, { kind: "break" })], "a", null).link, null);
  assert.equal(poster([{ ...ended, state: "skipped" }], "a", null).kind, "This session was skipped");
});

test("what is read again and is the same stays the same object", () => {
  const before = keepingEqual(new Map(), { a: { n: 1 }, b: { n: 2 }, gone: {} });
  const now = keepingEqual(before, { a: { n: 1 }, b: { n: 3 }, c: {} });
  assert.equal(now.get("a"), before.get("a"));
  assert.deepEqual([...now], [["a", { n: 1 }], ["b", { n: 3 }], ["c", {}]]);
});

test("a talk that is late says why, or why what is before it is late", () => {
  const late = (id, startMin, fields = {}) => {
    const span = { start_ms: (startMin + 7) * MINUTE, end_ms: (startMin + 27) * MINUTE };
    return session(id, startMin, { planned: session(id, startMin).expected, expected: span, note: "", ...fields });
  };
  const [first, second, other] = [late("a", 0, { note: "A line is mended." }), late("b", 20), late("c", 20, { stage: "side" })];
  const onTime = session("d", 90, { note: "" });
  const items = agenda(first, second, other, { ...onTime, planned: onTime.expected });
  const why = (id) => reasonOf(items.get(`session:${id}`), items);
  assert.deepEqual(["a", "b", "c", "d"].map(why), ["A line is mended.", "A line is mended.", "", ""]);
});

test("a cancelled talk says why, and one that has begun gives no reasons", () => {
  assert.equal(reasonOf(session("a", 0, { state: "skipped", note: "Ada is ill." }), new Map()), "Ada is ill.");
  assert.equal(reasonOf(session("a", 0, { state: "live", note: "Late." }), new Map()), "");
});
