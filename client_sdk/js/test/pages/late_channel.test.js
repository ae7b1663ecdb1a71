import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../src/emitter.js";
import { LateChannel } from "../../../../server/showcaller/web/assets/late_channel.js";

/** A channel whose item `n` is set to one number after the other. */
class Numbers extends Emitter {
  items = new Map([["n", 0]]);
  levels = new Map();
  ready = true;

  set(n) {
    this.items.set("n", n);
    this.emit("change", null);
    this.emit("event", n);
  }
}

/** A late channel, what it told, and its clock. */
function late(lateMs) {
  const channel = new Numbers();
  const found = { channel, lateMs, now: 0, told: [], timers: [] };
  const shown = new LateChannel(channel, () => found.lateMs, (run, ms) => found.timers.push({ run, at: found.now + ms }));
  shown.on("change", () => found.told.push(`n is ${shown.items.get("n")}`));
  shown.on("event", (event) => found.told.push(`event ${event}`));
  found.shown = shown;
  found.until = (now) => {
    found.now = now;
    for (const timer of found.timers.filter(({ at }) => at <= now)) timer.run();
    found.timers = found.timers.filter(({ at }) => at > now);
  };
  return found;
}

test("what is not late is told at once", () => {
  const { channel, shown, told } = late(0);
  channel.set(1);
  assert.deepEqual(told, ["n is 1", "event 1"]);
  assert.equal(shown.items.get("n"), 1);
});

test("changes and events come as late as the picture, each with what there was then", () => {
  const one = late(6_000);
  one.channel.set(1);
  one.until(2_000);
  one.channel.set(2);
  assert.deepEqual([one.told, one.shown.items.get("n")], [[], 0]);
  one.until(6_000);
  assert.deepEqual([one.told, one.shown.items.get("n")], [["n is 1", "event 1"], 1]);
  one.until(8_000);
  assert.deepEqual(one.told.slice(2), ["n is 2", "event 2"]);
});

test("who is live again is told all that waited, in its order", () => {
  const one = late(6_000);
  one.channel.set(1);
  one.lateMs = 0;
  one.channel.set(2);
  one.until(9_000);
  assert.deepEqual(one.told, ["n is 1", "event 1", "n is 2", "event 2"]);
  assert.equal(one.shown.items.get("n"), 2);
});
