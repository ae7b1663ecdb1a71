import assert from "node:assert/strict";
import { test } from "node:test";

import { clashes, favouritesIn } from "../../../../server/showcaller/web/assets/favourites_model.js";
import { session } from "../../testing/sessions.js";

const me = new Map([["person", {}], ["favourite:a", true], ["favourite:b", true], ["vote:q", true]]);
const SESSIONS = [session("a", 0), session("b", 10), session("c", 20), session("d", 60)];
const meets = (sessions, ...ids) => [...clashes(sessions, new Set(ids))].map(([id, other]) => `${id} ${other.id}`);

test("favourites are those of one's own channel", () => assert.deepEqual([...favouritesIn(me)], ["a", "b"]));

test("what was just asked for counts until it is answered", () => {
  assert.deepEqual([...favouritesIn(me, new Map([["a", false], ["c", true]]))], ["b", "c"]);
});

test("two favourites at once know of each other, others do not", () => {
  assert.deepEqual(meets(SESSIONS, "a", "b", "d"), ["a b", "b a"]);
  assert.deepEqual(meets(SESSIONS, "a", "d"), []);
  assert.deepEqual(meets(SESSIONS, "a", "c"), []); // one ends as the other starts
});

test("what is skipped or over is in nobody's way", () => {
  const others = [session("a", 0, { state: "skipped" }), session("b", 10), session("c", 12, { state: "ended" })];
  assert.deepEqual(meets(others, "a", "b", "c"), []);
});
