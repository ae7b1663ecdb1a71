import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bitrate, codecName, duration, meterPercent, problemsOf, publicationFigures, qualityFigures, qualityHeadline, refusals, share,
  stageFigures, stageRooms,
} from "../../../../server/showcaller/web/assets/green_room_model.js";

const items = new Map(Object.entries({
  "stage:main": { id: "main", title: "Main", session: "now", generation: 1 },
  "stage:side": { id: "side", title: "Side", session: null, generation: 0 },
  "session:now": { id: "now", title: "Now", stage: "main" },
  "session:next": { id: "next", title: "Next", stage: "main" },
}));
const published = (session, source, more = {}) => ({ session, person: "p", name: "Ada", source, chosen: false, ...more });
const measured = (publication, more = {}) => ({
  publication, on_stage: [], live: true, silent_s: 0, rtt_ms: 20, layers: [], sound: null, problems: [], ...more,
});
const overview = (...publications) => ({ workers: [], publications, stages: [{ stage: "main", viewers: 7 }] });

test("a stage shows what is on it first, then its own session's main, slides and spare, then what is to come", () => {
  const desk = new Map(Object.entries({
    "publication:next": published("next", "main"),
    "publication:spare": published("now", "spare"),
    "publication:slides": published("now", "slides"),
    "publication:main": published("now", "main"),
    "cue:now/started": {},
  }));
  const [main, side] = stageRooms(items, desk, overview(measured("spare", { on_stage: ["main"] })));
  assert.deepEqual(main.published.map(({ id }) => id), ["spare", "main", "slides", "next"]);
  assert.deepEqual(main.published.map(({ live }) => live), [true, true, true, false]);
  assert.equal(main.measured.viewers, 7);
  assert.deepEqual([side.published, side.measured, side.title], [[], null, ""]);
});

test("without figures of the workers the log says who publishes", () => {
  const desk = new Map([["publication:p", published("now", "main", { chosen: true, name: "" })]]);
  const [main] = stageRooms(items, desk, null);
  assert.deepEqual([main.published[0].name, main.published[0].measured, main.chosenIn], ["Somebody", null, "now"]);
});

test("problems are told in plain words, and what is new as it is", () => {
  const told = problemsOf(measured("p", { problems: ["quiet", "silent", "unheard_of"], silent_s: 3.4 }));
  assert.deepEqual(told, ["Nothing is heard: is the microphone muted?", "Nothing has arrived for 3 s.", "unheard_of"]);
  assert.deepEqual(problemsOf(null), []);
});

test("figures of a publication in three sizes", () => {
  const layer = { rid: "h", codec: "video/h264 baseline", bitrate_bps: 2_400_000, frames_per_s: 29.97, keyframe_age_s: 1.24, lost_share: 0.012 };
  const sound = { codec: "audio/opus", bitrate_bps: 48_000, level_dbov: -20, lost_share: 0, packets: 1 };
  const figures = Object.fromEntries(publicationFigures(measured("p", { layers: [layer, layer, layer], sound })));
  assert.deepEqual(figures, {
    Picture: "H.264 baseline, 2.4 Mbit/s, 30 frames/s, 3 sizes", "Keyframe": "1.2 s ago", Sound: "Opus, 48 kbit/s",
    Lost: "1.2 %", "Round trip": "20 ms",
  });
});

test("figures of a stage and of a talk", () => {
  const stage = {
    viewers: 1234, lost_share: 0, rtt_ms_p50: 12.4, rtt_ms_p99: null, freezes: 2, freeze_s: 1.26, layers: { high: 1200, none: 34, low: 0 },
    splice_wait_ms_last: 128.3,
  };
  assert.deepEqual(Object.fromEntries(stageFigures(stage)), {
    Viewers: "1,234", Lost: "0 %", "Round trip": "12 ms", Freezes: "2 (1.3 s)", "Sizes watched": "high 1,200, sound only 34", "Last change of source": "took 128 ms",
  });
  const quality = {
    viewers: 213, viewer_s: 7260, most_viewers: 200, first_picture_ms_p50: null, first_picture_ms_p99: null, packets_sent: 1000, bytes_sent: 2.5e9,
    packets_lost: 4, retransmitted: 4, rtt_ms_p50: 5, rtt_ms_p99: 80, freezes: 1, freeze_s: 0.5, splices: 2, splice_wait_ms_worst: 240,
    layer_s: { high: 30, low: 10, none: 0 },
  };
  assert.equal(qualityHeadline(quality), "213 viewers, 0.4 % lost, 1 freeze");
  const figures = Object.fromEntries(qualityFigures(quality));
  assert.equal(figures["First picture"], "–");
  assert.equal(figures["Changes of source"], "2, the slowest in 240 ms");
  assert.equal(figures["Watched in"], "high 75 %, low 25 %");
  assert.equal(figures.Watched, "2 h 1 min");
  assert.equal(figures.Sent, "2.5 GB");
});

test("meters, rates, shares and codecs", () => {
  assert.deepEqual([null, -127, -60, -15, 0].map(meterPercent), [0, 0, 0, 75, 100]);
  assert.deepEqual([950, 640_000, 1_250_000].map(bitrate), ["1 kbit/s", "640 kbit/s", "1.3 Mbit/s"]);
  assert.deepEqual([0, 0.004, 0.25].map(share), ["0 %", "0.4 %", "25 %"]);
  assert.deepEqual(["video/vp9 0", "video/av1", "video/new"].map(codecName), ["VP9", "AV1", "new"]);
  assert.deepEqual([12, 59 * 60].map(duration), ["12 s", "59 min"]);
});

test("who can't publish is said by name, with the talk and what to do", () => {
  const refused = [
    { session: "now", person: "p", name: "Ada", code: "token_expired", times: 9, last_ms: 1 },
    { session: "gone", person: "", name: "", code: "new_code", times: 1, last_ms: 1 },
  ];
  assert.deepEqual(refusals(items, { ...overview(), refused }), [
    "Ada can’t publish to “Now”: the key has ended. Make a new one.",
    "Somebody can’t publish to “gone”: new_code.",
  ]);
  assert.deepEqual(refusals(items, null), []);
});
