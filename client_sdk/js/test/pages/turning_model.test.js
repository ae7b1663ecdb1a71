import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "../../testing/sessions.js";
import { Turning } from "../../../../server/showcaller/web/assets/turning_model.js";

const ENDED = session("a", 0, { state: "ended" });
const NEXT = session("b", 20, { state: "live" });

function next(turning, own, onStage, other = NEXT) {
  const items = new Map([own, other].map((one) => [`session:${one.id}`, one]));
  return turning.next(own, { id: "main", title: "", session: onStage, generation: 1 }, items)?.id;
}

/** A page on which talk `a` was seen. */
function watched() {
  const turning = new Turning();
  next(turning, session("a", 0, { state: "live" }), "a");
  return turning;
}

test("a page goes on when its talk is over and another is on", () => assert.equal(next(watched(), ENDED, "b"), "b"));

test("a talk that goes on keeps its page", () => {
  assert.equal(next(watched(), session("a", 0, { state: "overrunning" }), "b"), undefined);
});

test("a page stays while nothing, a break or what is still to begin has the stage", () => {
  assert.equal(next(watched(), ENDED, null), undefined);
  assert.equal(next(watched(), ENDED, "b", session("b", 20, { state: "doors_open" })), undefined);
  assert.equal(next(watched(), ENDED, "b", session("b", 20, { state: "live", kind: "break" })), undefined);
});

test("who opens a talk that is over reads its questions in peace", () => assert.equal(next(new Turning(), ENDED, "b"), undefined));

test("who came back to a talk stays with it", () => {
  const turning = watched();
  turning.stay("a");
  assert.equal(next(turning, ENDED, "b"), undefined);
});
