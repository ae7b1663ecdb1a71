import assert from "node:assert/strict";
import { test } from "node:test";

import { Ways } from "../src/ways.js";

test("goes over to HTTP when two WebSockets have not opened, one after another", () => {
  const ways = new Ways();
  ways.ended(false);
  ways.ended(true);
  ways.ended(false);
  assert.equal(ways.way, "websocket");
  ways.ended(false);
  assert.equal(ways.way, "http");
  ways.ended(true);
  assert.equal(ways.way, "http");
});

test("where HTTP opens no better, both are tried in turn: the server may be away", () => {
  const ways = new Ways();
  const tried = [];
  for (let i = 0; i < 6; i++) {
    tried.push(ways.way);
    ways.ended(false);
  }
  assert.deepEqual(tried, ["websocket", "websocket", "http", "websocket", "http", "websocket"]);
});

test("a WebSocket is tried beside HTTP soon, then ever more seldom, and soon again once it opened", () => {
  const ways = new Ways();
  const delays = Array.from({ length: 8 }, () => ways.nextTryMs());
  assert.deepEqual(delays, [2_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
  ways.websocketOpens();
  assert.equal(ways.nextTryMs(), 2_000);
});
