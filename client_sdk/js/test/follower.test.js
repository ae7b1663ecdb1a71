import assert from "node:assert/strict";
import { test } from "node:test";

import { Follower } from "../src/follower.js";
import { ChannelModel } from "../testing/channel_model.js";
import { seededRandom } from "../testing/manual_platform.js";

const change = (offset, prev, fields = {}) => ({
  op: "change", channel: "c", epoch: "A", offset, prev, at_ms: 0, ...fields,
});
const snapshot = (offset, items = {}, levels = {}) => ({
  op: "snapshot", channel: "c", epoch: "A", offset, items, levels, reset: false,
});

function following(offset, items, levels) {
  const follower = new Follower();
  follower.receive(snapshot(offset, items, levels));
  return follower;
}

test("a snapshot replaces everything", () => {
  const follower = following(5, { a: 1 }, { v: 2 });
  follower.receive({ ...snapshot(9, { b: 2 }), epoch: "B" });
  assert.deepEqual([...follower.items], [["b", 2]]);
  assert.equal(follower.levels.size, 0);
  assert.deepEqual(follower.since(), { epoch: "B", offset: 9 });
});

test("a change puts, then removes, and shows its events", () => {
  const follower = following(5, { a: 1 });
  const events = [{ type: "cue" }];
  const received = follower.receive(change(7, 5, { put: { b: 2, c: 3 }, remove: ["a", "c"], events, mark: 7 }));
  assert.deepEqual(received, { changed: true, gap: false, events });
  assert.deepEqual([...follower.items], [["b", 2]]);
  assert.deepEqual([follower.last, follower.mark], [7, 7]);
});

test("a change that was applied already shows nothing again", () => {
  const follower = following(5);
  const twice = change(7, 5, { put: { a: 1 }, events: [{ type: "cue" }] });
  follower.receive(twice);
  assert.deepEqual(follower.receive(twice), { changed: false, gap: false, events: [] });
});

test("a change after a lost one is a gap and is not applied", () => {
  const follower = following(5);
  assert.equal(follower.receive(change(9, 7, { put: { a: 1 } })).gap, true);
  assert.equal(follower.items.size, 0);
  assert.deepEqual(follower.since(), { epoch: "A", offset: 5 });
});

test("after a gap the mark waits until what is missing has come", () => {
  const follower = following(5);
  follower.receive(change(9, 7));
  follower.receive({ op: "levels", channel: "c", epoch: "A", values: { v: 1 }, mark: 9 });
  assert.deepEqual(follower.since(), { epoch: "A", offset: 5 });
  follower.receive(change(7, 5));
  follower.receive(change(9, 7, { mark: 9 }));
  assert.deepEqual(follower.since(), { epoch: "A", offset: 9 });
});

test("messages of another epoch are ignored until its snapshot comes", () => {
  const follower = following(5);
  assert.equal(follower.receive({ ...change(6, 5, { put: { a: 1 } }), epoch: "B" }).changed, false);
  assert.equal(follower.receive({ op: "levels", channel: "c", epoch: "B", values: { v: 1 }, mark: 6 }).changed, false);
});

test("levels replace those named, null removes one, and the mark follows", () => {
  const follower = following(5, {}, { v: 1, w: 1 });
  follower.receive({ op: "levels", channel: "c", epoch: "A", values: { v: 4, w: null }, mark: 8 });
  assert.deepEqual([...follower.levels], [["v", 4]]);
  assert.deepEqual([follower.last, follower.mark], [5, 8]);
});

test("without a mark of its own, a change leaves the mark where it was", () => {
  const follower = following(5);
  follower.receive(change(7, 5));
  assert.deepEqual([follower.last, follower.mark], [7, 5]);
});

test("a heartbeat moves the mark only if nothing is missing", () => {
  const follower = following(5);
  assert.equal(follower.heartbeat("A", { head: 6, mark: 6 }), true);
  assert.equal(follower.mark, 5);
  follower.receive(change(6, 5));
  assert.equal(follower.heartbeat("A", { head: 6, mark: 30 }), false);
  assert.equal(follower.mark, 30);
  assert.equal(follower.heartbeat("B", { head: 1, mark: 1 }), true);
});

test("a snapshot of the epoch that goes on shows no event again", () => {
  const follower = following(5);
  follower.receive(change(6, 5, { events: [{ id: 6 }] })); // no mark: it is asked for again
  follower.receive({ ...snapshot(5), epoch: "B" });
  const again = [6, 7].map((n) => follower.receive({ ...change(n, n - 1, { events: [{ id: n }] }), epoch: "B" }));
  assert.deepEqual(again.map(({ events }) => events), [[], [{ id: 7 }]]);
});

test("after a reset, events of the other history are shown at the same places", () => {
  const follower = following(5);
  follower.receive(change(6, 5, { events: [{ id: 6 }] }));
  follower.receive({ ...snapshot(5), epoch: "B", reset: true });
  const { events } = follower.receive({ ...change(6, 5, { events: [{ id: "other" }] }), epoch: "B" });
  assert.deepEqual(events, [{ id: "other" }]);
});

/** Delivers messages with losses, cuts and lost logs, and resumes as §4 says. */
function rehearse(seed) {
  const random = seededRandom(seed);
  const pick = (n) => Math.floor(random() * n);
  const model = new ChannelModel();
  const follower = new Follower();
  let shown = [];
  let owed = []; // events and their offsets; a reset takes those up to its snapshot's
  const take = (message) => {
    const { gap, events } = follower.receive(message);
    if (message.reset) [shown, owed] = [[], owed.filter(({ offset }) => offset > message.offset)];
    shown.push(...events.map((event) => event.id));
    return gap;
  };
  const resume = () => model.resume(follower.since()).forEach(take);
  resume();
  let event = 0;
  let online = true;
  const steps = [
    () => model.skip(),
    () => model.vote(`v${pick(3)}`, pick(100)),
    () => deliver(model.change({ put: { [`k${pick(5)}`]: pick(100) }, remove: pick(3) ? [] : [`k${pick(5)}`] })),
    () => {
      event += 1;
      const called = model.change({ events: [{ id: event }] });
      owed.push({ id: event, offset: called.offset });
      deliver(called);
    },
    () => deliver(model.flush()),
    () => (online = false),
    () => {
      online = true;
      resume();
    },
    () => {
      const lossUntold = follower.last < model.last && follower.mark > follower.last;
      if (pick(2) > 0 && !lossUntold) model.goOn(); // else only its epoch's next heartbeat could tell
    },
    () => online && follower.heartbeat(model.epoch, model.heartbeat()) && resume(),
    () => {
      if (pick(4) > 0) return;
      model.lose();
      owed = [];
      if (online) take(model.snapshot(true));
    },
  ];
  function deliver(message) {
    const lost = message.op === "change" && pick(8) === 0; // a loss that `prev` must show
    if (online && !lost && take(message)) resume();
  }
  for (let i = 0; i < 60; i++) steps[pick(steps.length)]();
  resume();
  take(model.flush());
  if (follower.heartbeat(model.epoch, model.heartbeat())) resume();
  return { model, follower, shown, owed: owed.map(({ id }) => id) };
}

test("law: snapshot(N) and resume(N→M) equal snapshot(M), and every event shows exactly once", () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const { model, follower, shown, owed } = rehearse(seed);
    assert.deepEqual(Object.fromEntries(follower.items), model.items, `items, seed ${seed}`);
    assert.deepEqual(Object.fromEntries(follower.levels), model.levels, `levels, seed ${seed}`);
    assert.deepEqual(shown, owed, `events, seed ${seed}`);
  }
});

test("after a lost log, the reset's snapshot is what counts", () => {
  const model = new ChannelModel();
  const follower = new Follower();
  model.resume(follower.since()).forEach((m) => follower.receive(m));
  model.change({ put: { a: 1 } });
  model.lose();
  const late = model.change({ put: { b: 2 } });
  assert.equal(follower.receive(late).changed, false);
  model.resume(follower.since()).forEach((m) => follower.receive(m));
  assert.deepEqual(Object.fromEntries(follower.items), { a: 1, b: 2 });
});

test("an event lost behind a second reset still shows once", () => {
  const follower = following(5);
  const reset = { ...snapshot(0), epoch: "B", reset: true };
  follower.receive(reset);
  follower.receive(reset); // asked for at a gap in the lost log; an event came meanwhile
  assert.equal(follower.heartbeat("B", { head: 1, mark: 1 }), true);
  assert.deepEqual(follower.since(), { epoch: "B", offset: 0 });
  const again = { ...change(1, 0, { events: [{ id: 1 }] }), epoch: "B" };
  assert.deepEqual(follower.receive(again).events, [{ id: 1 }]);
  assert.deepEqual(follower.receive(again).events, []);
});
