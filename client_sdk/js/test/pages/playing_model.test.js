import assert from "node:assert/strict";
import { test } from "node:test";

import { Ways, beginsAtS, behindText, momentAt, secondsAt, timelineOf } from "../../../../server/showcaller/web/assets/playing_model.js";

const NONE = { state: null, code: "", receives: false };
const TRYING = { state: "connecting", code: "", receives: false };
const LIVE = { state: "connected", code: "", receives: true };
const FULL = { state: "reconnecting", code: "full", receives: false };

/** The ways that are taken, a second after each other. */
function ways(lines, { behind = false, hls = true, from = new Ways() } = {}) {
  return lines.map((line, second) => `${from.next(1_000 * second, line, { behind, hls })} ${from.why}`.trim());
}

test("what is live comes directly while there is room", () => {
  assert.deepEqual(ways([NONE, TRYING, TRYING, LIVE, LIVE]), Array(5).fill("webrtc"));
});

test("a full room is seen by HLS until there is a place", () => {
  assert.deepEqual(ways([TRYING, FULL, FULL, { ...FULL, state: "connecting" }, LIVE]), ["webrtc", "hls full", "hls full", "hls full", "webrtc"]);
});

test("where nothing comes through HLS begins, and the direct picture takes over once it comes", () => {
  const seen = ways([...Array(8).fill(TRYING), { ...LIVE, receives: false }, LIVE]);
  assert.deepEqual(seen.slice(0, 6), Array(6).fill("webrtc"));
  assert.deepEqual(seen.slice(6), ["hls blocked", "hls blocked", "hls blocked", "webrtc"]);
});

test("a blocked way is tried half a minute, and then now and then", () => {
  const found = new Ways();
  ways(Array(8).fill(TRYING), { from: found });
  assert.equal(found.why, "blocked");
  assert.deepEqual([10_000, 29_000, 31_000, 119_000, 121_000].map((ms) => found.tries(ms)), [true, true, false, false, true]);
  assert.equal(found.next(90_000, NONE, { behind: false, hls: true }), "hls");
  assert.equal(found.next(121_000, LIVE, { behind: false, hls: true }), "webrtc");
});

test("a room that is waited for is not blocked", () => {
  const waiting = { state: "waiting", code: "not_open", receives: false };
  assert.deepEqual(ways(Array(20).fill(waiting)), Array(20).fill("webrtc"));
});

test("a connection over which nobody sends anything is as good as HLS", () => {
  const found = new Ways();
  ways([FULL], { from: found });
  const silent = { state: "connected", code: "", receives: false };
  assert.deepEqual(ways([silent, silent, silent, silent], { from: found }), ["hls full", "hls full", "hls full", "webrtc"]);
});

test("who goes back gives up the direct way, and has it again when they are back", () => {
  const found = new Ways();
  assert.deepEqual(ways([LIVE, NONE], { behind: true, from: found }), ["hls behind", "hls behind"]);
  assert.equal(found.tries(0), false);
  assert.deepEqual(ways([NONE, TRYING, LIVE], { from: found }), ["hls back", "hls back", "webrtc"]);
});

test("without HLS there is one way", () => {
  assert.deepEqual(ways([FULL, FULL], { hls: false }), ["webrtc", "webrtc"]);
  assert.deepEqual(ways([LIVE], { behind: true, hls: false }), ["webrtc"]);
});

const STRETCHES = [
  { startS: 0, lastsS: 10, atMs: 100_000 },
  { startS: 10, lastsS: 10, atMs: 160_000 }, // after a gap of 50 s
];

test("a moment and its place in the picture lead to each other", () => {
  for (const [seconds, ms] of [[0, 100_000], [9.5, 109_500], [10, 160_000], [14, 164_000]]) {
    assert.equal(momentAt(STRETCHES, seconds), ms);
    assert.equal(secondsAt(STRETCHES, ms), seconds);
  }
});

test("a moment in a gap is where that ends, and one outside is the nearest end", () => {
  assert.equal(secondsAt(STRETCHES, 130_000), 10);
  assert.equal(secondsAt(STRETCHES, 5), 0);
  assert.equal(secondsAt(STRETCHES, 900_000), 20);
  assert.equal(momentAt([], 3), null);
});

test("a replay begins where the link says, else where one left off, but not at its very end", () => {
  assert.equal(beginsAtS("75", "300", 600), 75);
  assert.equal(beginsAtS("900", null, 600), 600);
  assert.equal(beginsAtS(null, "300", 600), 300);
  assert.equal(beginsAtS(null, "590", 600), 0);
  assert.equal(beginsAtS(null, "4", 600), 0);
  assert.equal(beginsAtS("1e9", null, 600), 0);
});

test("how far behind it is, in words", () => {
  assert.equal(behindText(6_200), "6 s behind live");
  assert.equal(behindText(20), "1 s behind live");
  assert.equal(behindText(150_000), "2:30 behind live");
});

const PLAYED = { replay: false, why: "", recorded: true, range: { startS: 0, endS: 90 }, atS: 12, behindMs: null };

test("what is live has a way back only where it is recorded", () => {
  assert.equal(timelineOf({ ...PLAYED, recorded: false }, "webrtc").shown, false);
  assert.deepEqual(timelineOf(PLAYED, "webrtc"), { shown: true, slides: false, text: "", pill: "Live", toLive: false, note: "" });
});

test("who is behind is told so, and why, with a way to what is live if they went back", () => {
  const full = timelineOf({ ...PLAYED, why: "full", behindMs: 3_000 }, "hls");
  assert.deepEqual([full.pill, full.toLive, full.note.startsWith("The room is full")], ["3 s behind live", false, true]);
  const back = timelineOf({ ...PLAYED, why: "behind", behindMs: 90_000 }, "hls");
  assert.deepEqual([back.pill, back.toLive, back.note], ["1:30 behind live", true, ""]);
});

test("a replay tells where one is in it", () => {
  const view = timelineOf({ ...PLAYED, replay: true }, "hls");
  assert.deepEqual([view.text, view.pill, view.toLive], ["0:12 of 1:30", "Recording", false]);
});
