import assert from "node:assert/strict";
import { test } from "node:test";

import { ClockEstimator } from "../src/clock.js";
import { serverTimeFor, showTimeAt } from "../src/showclock.js";
import { seededRandom } from "../testing/manual_platform.js";

/** Adds a probe sent at `t1` to a server that is `ahead`, over paths of the given delays. */
function probe(estimator, { t1, ahead, there, back, served = 1 }) {
  const t2 = t1 + there + ahead;
  estimator.add(t1, t2, t2 + served, t1 + there + served + back);
}

test("offset and round trip of one probe", () => {
  const estimator = new ClockEstimator();
  assert.equal(estimator.known, false);
  assert.equal(estimator.serverNow(7), 7);
  probe(estimator, { t1: 1000, ahead: 500, there: 10, back: 10 });
  assert.equal(estimator.roundTripMs, 20);
  assert.equal(estimator.serverNow(1021), 1521);
  assert.equal(estimator.errorMs(1021), 10);
});

test("of the last eight the smallest round trip counts", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 100, there: 2, back: 2 });
  for (let i = 1; i <= 7; i++) probe(estimator, { t1: i * 100, ahead: 100, there: 80, back: 2 });
  assert.equal(estimator.roundTripMs, 4);
  probe(estimator, { t1: 800, ahead: 100, there: 80, back: 2 });
  assert.equal(estimator.roundTripMs, 82);
});

test("an old probe gives way to a younger one with a longer round trip, since clocks drift", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 0, there: 1, back: 1, served: 0 });
  probe(estimator, { t1: 100_000, ahead: 10, there: 5, back: 5, served: 0 });
  assert.equal(estimator.roundTripMs, 10);
  assert.ok(estimator.errorMs(100_300) < 6);
});

test("the error bound grows by 0.1 ms a second of age", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 0, there: 5, back: 5, served: 0 });
  assert.equal(estimator.errorMs(10), 5);
  assert.ok(Math.abs(estimator.errorMs(10_010) - 6) < 1e-9);
});

test("a small correction is smooth: at most 50 ms a second", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 100, there: 5, back: 5, served: 0 });
  estimator.serverNow(10);
  estimator.restart();
  probe(estimator, { t1: 10, ahead: 200, there: 5, back: 5, served: 0 });
  assert.ok(Math.abs(estimator.serverNow(1020) - (1020 + 150)) < 0.01);
  assert.ok(Math.abs(estimator.errorMs(1020) - 55.1) < 0.01);
  assert.equal(estimator.serverNow(3020), 3220);
});

test("an error of more than 500 ms is corrected at once", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 0, there: 1, back: 1, served: 0 });
  estimator.serverNow(2);
  estimator.restart();
  probe(estimator, { t1: 10, ahead: 9000, there: 1, back: 1, served: 0 });
  assert.equal(estimator.serverNow(12), 9012);
});

for (const [what, napMs] of [["the machine napped", 20_000], ["the server's clock was set back", -20_000]]) {
  test(`the first probe after ${what} counts, though its round trip is longer`, () => {
    const estimator = new ClockEstimator();
    for (let i = 0; i < 8; i++) probe(estimator, { t1: i * 15_000, ahead: 0, there: 5, back: 5, served: 0 });
    probe(estimator, { t1: 120_000, ahead: napMs, there: 20, back: 20, served: 0 });
    assert.equal(estimator.serverNow(120_040), 120_040 + napMs);
    assert.equal(estimator.errorMs(120_040), 20);
  });
}

test("a slow probe that may agree with the earlier ones does not take them away", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 0, there: 5, back: 5, served: 0 });
  probe(estimator, { t1: 100, ahead: 0, there: 300, back: 0, served: 0 });
  assert.equal(estimator.roundTripMs, 10);
});

test("a restart keeps the offset in use", () => {
  const estimator = new ClockEstimator();
  probe(estimator, { t1: 0, ahead: 300, there: 1, back: 1, served: 0 });
  estimator.serverNow(2);
  estimator.restart();
  assert.equal(estimator.serverNow(50), 350);
  assert.equal(estimator.errorMs(50), null);
});

test("law: the true server time lies within the error bound, and never runs backwards", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const estimator = new ClockEstimator();
    const ahead = (random() - 0.5) * 1e6;
    let now = 0;
    let before = -Infinity;
    for (let i = 0; i < 40; i++) {
      now += random() * 5000;
      const there = random() * 300;
      const back = random() * 300;
      probe(estimator, { t1: now, ahead, there, back, served: 0 });
      now += there + back;
      const at = estimator.serverNow(now);
      assert.ok(Math.abs(at - (now + ahead)) <= estimator.errorMs(now) + 1e-6, `seed ${seed}`);
      assert.ok(i === 0 || at >= before, `seed ${seed}`);
      before = at;
    }
  }
});

const rehearsal = { run: "r", mode: "rehearsal", rate: 60, held: false, wall_ms: 1000, show_ms: 500_000 };

test("show time runs at the clock's rate, and back", () => {
  assert.equal(showTimeAt(rehearsal, 2000), 560_000);
  assert.equal(serverTimeFor(rehearsal, 560_000), 2000);
});

test("a held clock stands, and nothing comes due", () => {
  const held = { ...rehearsal, held: true };
  assert.equal(showTimeAt(held, 99_000), 500_000);
  assert.equal(serverTimeFor(held, 560_000), null);
});
