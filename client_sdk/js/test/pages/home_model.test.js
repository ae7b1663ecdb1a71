import assert from "node:assert/strict";
import { test } from "node:test";

import { homeParts } from "../../../../server/showcaller/web/assets/home_model.js";

const DAY = 86_400_000;
const event = (id, startsInDays, days, more = {}) => ({
  id, title: id, time_zone: "UTC", utc_offsets: [], starts_at_ms: startsInDays * DAY, ends_at_ms: (startsInDays + days) * DAY, ...more,
});
const parts = (events, now = 0) => homeParts(events, () => now).map(({ part, cards }) => [part, cards.map(({ id }) => id)]);

test("what is on comes first, then what comes next, then what was last", () => {
  const events = [event("old", -9, 1), event("later", 20, 1), event("new", -3, 1), event("soon", 2, 1), event("now", -1, 2)];
  assert.deepEqual(parts(events), [["on", ["now"]], ["ahead", ["soon", "later"]], ["over", ["new", "old"]]]);
});

test("an event that overruns is on", () => {
  assert.deepEqual(parts([event("long", -2, 1, { live: 1 })]), [["on", ["long"]]]);
});

test("a card tells days and zone, and until when it counts down", () => {
  const [{ cards: [card] }] = homeParts([event("two", 1, 2, { time_zone_label: "Harbour time" })], () => 0);
  assert.deepEqual([card.days, card.zone, card.untilMs], ["Friday, January 2, 1970 to Saturday, January 3, 1970", "Harbour time", DAY]);
});

test("a day that goes on after midnight is one day", () => {
  const days = [{ date: "1970-01-02", starts_at_ms: 1.5 * DAY, ends_at_ms: 2.2 * DAY }];
  const [{ cards: [card] }] = homeParts([event("night", 1.5, 0.7, { days })], () => 0);
  assert.equal(card.days, "Friday, January 2, 1970");
});

test("an event whose log is still read has its title", () => {
  const [{ part, cards: [card] }] = homeParts([{ id: "a", title: "a" }], () => 0);
  assert.deepEqual([part, card.title, card.days, card.untilMs], ["on", "a", "", null]);
});
