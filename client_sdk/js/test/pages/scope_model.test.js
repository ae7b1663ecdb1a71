import assert from "node:assert/strict";
import { test } from "node:test";

import { WHOLE_EVENT, deskChannels, editsIn, eventIn, guestMayCome, scopeOf, scopeText, sessionsIn } from "../../../../server/showcaller/web/assets/scope_model.js";
import { session } from "../../testing/sessions.js";

const manager = scopeOf({ roles: ["stage_manager"], stages: ["side"] });
const a = session("a", 0);
const b = session("b", 0, { stage: "side" });
const event = /** @type {any} */ ({ stages: [{ id: "main", title: "Main stage" }, { id: "side", title: "Side stage" }] });

test("a producer runs all, also one who manages a stage besides", () => {
  assert.equal(scopeOf({ roles: ["stage_manager", "producer"], stages: ["side"] }), WHOLE_EVENT);
  assert.deepEqual(sessionsIn([a, b], WHOLE_EVENT), [a, b]);
  assert.deepEqual(deskChannels(WHOLE_EVENT), ["produce"]);
  assert.equal(eventIn(event, WHOLE_EVENT), event);
  assert.equal(scopeText(event, WHOLE_EVENT), "");
});

test("a manager has their stages alone", () => {
  assert.deepEqual(sessionsIn([a, b], manager), [b]);
  assert.deepEqual(deskChannels(manager), ["stage/side/produce"]);
  assert.deepEqual(eventIn(event, manager).stages, [{ id: "side", title: "Side stage" }]);
  assert.equal(eventIn(event, manager), eventIn(event, manager));
  assert.equal(scopeText(event, manager), "You run Side stage.");
});

test("a manager signals to speakers and plans nothing", () => {
  const live = { ...b, state: /** @type {const} */ ("live") };
  assert.deepEqual(editsIn(live, manager), ["signal"]);
  assert.deepEqual(editsIn(b, manager), []);
  assert.ok(editsIn(live, WHOLE_EVENT).includes("break"));
});

test("a producer invites guests to what is not over and no break", () => {
  assert.equal(guestMayCome(a, WHOLE_EVENT), true);
  assert.equal(guestMayCome({ ...a, state: "ended" }, WHOLE_EVENT), false);
  assert.equal(guestMayCome({ ...a, kind: "break" }, WHOLE_EVENT), false);
  assert.equal(guestMayCome(b, manager), false);
});
