import assert from "node:assert/strict";
import { test } from "node:test";

import { announcementState, announcementsInOrder } from "../../../../server/showcaller/web/assets/announcement_model.js";
import { session } from "../../testing/sessions.js";

const MINUTE = 60_000;
const made = (id, fields = {}) => ({ id, text: id, session: null, at_ms: null, called_ms: null, by: "Mo", withdrawn: false, ...fields });
const items = new Map([["event", { time_zone: "UTC", utc_offsets: [] }], ["session:a", session("a", 0)]]);
const clock = { showNow: 60 * MINUTE, showAt: (ms) => ms + MINUTE };
const told = (one) => announcementState(one, items, clock).replaceAll(/\s/g, " ");

test("what is planned stands first, the next on top; then the newest", () => {
  const all = [made("old", { called_ms: 1 }), made("new", { called_ms: 2 }), made("later", { at_ms: 9 }), made("soon", { at_ms: 5 }), made("never", { at_ms: 3, withdrawn: true })];
  assert.deepEqual(announcementsInOrder(all).map(({ id }) => id), ["soon", "later", "new", "old", "never"]);
});

test("each says what became of it, when, for whom and by whom", () => {
  assert.equal(told(made("x", { at_ms: 90 * MINUTE })), "Planned for 1:30 AM, to everybody, by Mo");
  assert.equal(told(made("x", { called_ms: 30 * MINUTE, session: "a" })), "Sent at 12:31 AM, to “Talk a”, by Mo");
  assert.equal(told(made("x", { called_ms: 30 * MINUTE, withdrawn: true, by: "" })), "Withdrawn, was sent at 12:31 AM, to everybody");
  assert.equal(told(made("x", { at_ms: 90 * MINUTE, withdrawn: true })), "Withdrawn, was planned for 1:30 AM, to everybody, by Mo");
});
