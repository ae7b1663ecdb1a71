import assert from "node:assert/strict";
import { test } from "node:test";

import { ShowcallerClient } from "../src/client.js";
import { ManualPlatform } from "../testing/manual_platform.js";

function begin({ follow = [], ...options } = {}) {
  const platform = new ManualPlatform();
  const client = new ShowcallerClient({ url: "https://show.example", event: "e", token: "T1", ...options }, platform);
  const channels = follow.map((name) => client.follow(name));
  const states = [];
  client.on("status", ({ state }) => states.at(-1) !== state && states.push(state));
  client.start();
  return { platform, client, channels, states };
}

function connected(options) {
  const story = begin(options);
  story.platform.socket.welcome(story.platform);
  return story;
}

const snapshot = (offset, items = {}) => ({
  op: "snapshot", channel: "agenda", epoch: "A", offset, items, levels: {}, reset: false,
});

function answerSubscribe(socket, offset = 5) {
  const { id, channel } = socket.of("subscribe").at(-1);
  socket.say({ op: "reply", id, ok: true, result: { channel, mode: "snapshot", epoch: "A", offset } });
}

test("says hello with the token in the first message and never in the URL", () => {
  const { platform, states } = begin();
  platform.socket.open();
  assert.equal(platform.socket.url, "wss://show.example/api/v1/events/e/live");
  assert.deepEqual(platform.socket.protocols, ["showcaller.v1+json"]);
  assert.deepEqual(platform.socket.sent, [{ op: "hello", token: "T1", client: "showcaller-js/0.1" }]);
  assert.deepEqual(states, ["connecting"]);
});

test("subscribes after the welcome, takes the snapshot and changes", () => {
  const { platform, channels: [agenda] } = connected({ follow: ["agenda"] });
  const events = [];
  agenda.on("event", (event) => events.push(event));
  answerSubscribe(platform.socket);
  platform.socket.say(snapshot(5, { a: 1 }));
  platform.socket.say({
    op: "change", channel: "agenda", epoch: "A", offset: 8, prev: 5, at_ms: 0, put: { b: 2 }, events: [{ type: "cue" }], mark: 8,
  });
  assert.deepEqual([...agenda.items], [["a", 1], ["b", 2]]);
  assert.deepEqual(events, [{ type: "cue" }]);
});

test("comes back with back-off and resumes from the mark", async () => {
  const { platform, states } = connected({ follow: ["agenda"] });
  answerSubscribe(platform.socket);
  platform.socket.say(snapshot(5));
  platform.socket.drop(1006);
  assert.equal(platform.sockets.length, 1);
  await platform.pass(250); // half of 0.5 s
  assert.equal(platform.sockets.length, 2);
  platform.socket.welcome(platform);
  assert.deepEqual(platform.socket.of("subscribe")[0].since, { epoch: "A", offset: 5 });
  assert.deepEqual(states, ["connecting", "connected", "reconnecting", "connected"]);
});

test("the delay doubles until a connection lasts for a second", async () => {
  const { platform, client } = begin();
  const delays = [];
  for (let i = 0; i < 8; i++) {
    platform.socket.open();
    platform.socket.drop();
    delays.push(client.status.retryAtMs - platform.nowMs);
    await platform.pass(delays.at(-1));
  }
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  platform.socket.welcome(platform);
  await platform.pass(1_000);
  platform.socket.drop();
  assert.equal(client.status.retryAtMs - platform.nowMs, 250);
});

test("waits as long as the server asks", async () => {
  const { platform, client } = connected();
  platform.socket.drop(1013, "unavailable retry_after_ms=7000");
  assert.equal(client.status.retryAtMs - platform.nowMs, 7000);
  platform.wake(); // being visible is no reason to press an overloaded server
  assert.equal(client.status.retryAtMs - platform.nowMs, 7000);
});

test("4500 and above stop, with the reason", async () => {
  const { platform, client } = connected();
  const waiting = client.command("question.ask", { session: "s", text: "?" });
  platform.socket.drop(4501, "banned");
  assert.equal(client.status.state, "stopped");
  assert.equal(client.status.reason.code, "banned");
  await assert.rejects(waiting, { code: "stopped" });
  await assert.rejects(client.command("question.ask"), { code: "stopped" });
});

test("4003 fetches a new token over HTTP and comes back with it", async () => {
  const { platform, client } = connected();
  const tokens = [];
  client.on("token", (token) => tokens.push(token));
  platform.respond = () => Response.json({ token: "T2" }, { status: 201 });
  platform.socket.drop(4003, "token_expired");
  await platform.pass(500);
  assert.equal(platform.requests[0].url, "https://show.example/api/v1/events/e/tokens");
  assert.equal(platform.requests[0].init.headers.Authorization, "Bearer T1");
  platform.socket.open();
  assert.equal(platform.socket.sent[0].token, "T2");
  assert.deepEqual(tokens, ["T2"]);
});

test("4004 comes back with the same token, when the server says", async () => {
  const { platform } = connected();
  platform.socket.drop(4004, "token_not_yet retry_after_ms=7000");
  await platform.pass(6_900);
  assert.equal(platform.sockets.length, 1);
  await platform.pass(200);
  platform.socket.open();
  assert.equal(platform.socket.sent[0].token, "T1");
  assert.deepEqual(platform.requests, []);
});

test("4003 and no new token to be had: stopped", async () => {
  const { platform, client } = connected();
  platform.respond = () => Response.json({ code: "token_expired", detail: "Expired." }, { status: 401 });
  platform.socket.drop(4003, "token_expired");
  await platform.pass(500);
  assert.deepEqual(client.status.reason, { code: "token_expired", message: "Expired." });
});

test("4003 while the server can't be reached: tries again for the token", async () => {
  const { platform, client } = connected();
  platform.respond = () => Response.json({}, { status: 503 });
  platform.socket.drop(4003, "token_expired");
  await platform.pass(500);
  assert.equal(client.status.state, "reconnecting");
  platform.respond = () => Response.json({ token: "T2" }, { status: 201 });
  await platform.pass(2000);
  assert.equal(platform.sockets.length, 2);
});

test("refreshes the token on the open socket when a fifth of its life is left", async () => {
  const { platform } = connected();
  platform.respond = () => Response.json({ token: "T2" }, { status: 201 });
  for (let i = 0; i < 2881; i += 10) {
    platform.socket.say({ op: "heartbeat", now_ms: 0, epoch: "A", channels: {} });
    await platform.pass(10_000);
  }
  assert.deepEqual(platform.socket.of("refresh").map((m) => m.token), ["T2"]);
});

test("what is to be done now is not sent without a connection, and never again", async () => {
  const { platform, client } = connected();
  const sent = client.produce.start("s");
  platform.socket.drop();
  await assert.rejects(sent, { code: "interrupted" });
  await assert.rejects(client.moderate.push("q"), { code: "not_connected" });
  await platform.pass(500);
  platform.socket.welcome(platform);
  assert.deepEqual(platform.socket.of("command"), []);
  const again = client.produce.start("s");
  const { id, name, args } = platform.socket.of("command")[0];
  assert.deepEqual([name, args], ["session.start", { session: "s" }]);
  platform.socket.say({ op: "reply", id, ok: true, result: { control: "c" } });
  assert.deepEqual(await again, { control: "c" });
});

test("a command is sent again with the same key until its reply comes", async () => {
  const { platform, client } = connected();
  const asked = client.ask("s", "Why?", { anonymous: true });
  const [first] = platform.socket.of("command");
  platform.socket.drop();
  await platform.pass(250);
  platform.socket.welcome(platform);
  const [again] = platform.socket.of("command");
  assert.deepEqual(again, first);
  platform.socket.say({ op: "reply", id: again.id, ok: true, result: { question: "q" } });
  assert.deepEqual(await asked, { question: "q" });
  platform.socket.drop();
  await platform.pass(500);
  platform.socket.welcome(platform);
  assert.deepEqual(platform.socket.of("command"), []);
});

test("a vote says when it was given, in server time that only rises, and says the same again", async () => {
  const { platform, client } = connected();
  platform.socket.drop();
  await platform.pass(250);
  platform.socket.welcome(platform, { now_ms: 5_000_000 });
  client.vote("q", true).catch(() => {});
  client.vote("q", false).catch(() => {});
  await platform.pass(100);
  client.vote("q", true).catch(() => {});
  const sent = platform.socket.of("command");
  assert.deepEqual(sent.map((m) => m.args.given_ms), [5_000_000, 5_000_001, 5_000_100]);
  platform.socket.drop();
  await platform.pass(500);
  platform.socket.welcome(platform, { now_ms: 4_000_000 });
  assert.deepEqual(platform.socket.of("command"), sent);
  client.vote("q", false).catch(() => {});
  assert.equal(platform.socket.of("command").at(-1).args.given_ms, 5_000_101);
  client.stop();
});

test("a vote in a poll is given like any other, after those before it", () => {
  const { platform, client } = connected();
  void client.vote("q", true).catch(() => {});
  void client.votePoll("p", { options: [2, 0] }).catch(() => {});
  const [first, second] = platform.socket.of("command");
  assert.deepEqual(second.args, { poll: "p", options: [2, 0], words: [], given_ms: first.args.given_ms + 1 });
  client.stop();
});

test("a failed reply rejects with its code and delay", async () => {
  const { platform, client } = connected();
  const voted = client.vote("q", true);
  const [{ id }] = platform.socket.of("command");
  const error = { code: "rate_limited", message: "Too fast.", retry: true, retry_after_ms: 900 };
  platform.socket.say({ op: "reply", id, ok: false, error });
  await assert.rejects(voted, { code: "rate_limited", retry: true, retryAfterMs: 900 });
});

test("a gap subscribes again, once, from the mark", () => {
  const { platform } = connected({ follow: ["agenda"] });
  answerSubscribe(platform.socket);
  platform.socket.say(snapshot(5));
  const later = { op: "change", channel: "agenda", epoch: "A", at_ms: 0 };
  platform.socket.say({ ...later, offset: 9, prev: 7 });
  platform.socket.say({ ...later, offset: 10, prev: 9 });
  assert.deepEqual(platform.socket.of("subscribe").slice(1).map((m) => m.since), [{ epoch: "A", offset: 5 }]);
});

test("a heartbeat that is ahead for a second subscribes again", async () => {
  const { platform } = connected({ follow: ["agenda"] });
  answerSubscribe(platform.socket);
  platform.socket.say(snapshot(5));
  const beat = { op: "heartbeat", now_ms: 0, epoch: "A", channels: { agenda: { head: 8, mark: 8 } } };
  platform.socket.say(beat);
  platform.socket.say({ op: "change", channel: "agenda", epoch: "A", offset: 8, prev: 5, at_ms: 0 });
  await platform.pass(1000);
  assert.equal(platform.socket.of("subscribe").length, 1);
  platform.socket.say({ ...beat, channels: { agenda: { head: 9, mark: 9 } } });
  await platform.pass(1000);
  assert.equal(platform.socket.of("subscribe").length, 2);
});

test("a refused subscription tells its error; a temporary one is tried again", async () => {
  const { platform, channels: [agenda] } = connected({ follow: ["agenda"] });
  const refuse = (error) => platform.socket.say({ op: "reply", id: platform.socket.of("subscribe").at(-1).id, ok: false, error });
  refuse({ code: "unavailable", message: "", retry: true, retry_after_ms: 300 });
  await platform.pass(300);
  assert.equal(platform.socket.of("subscribe").length, 2);
  refuse({ code: "forbidden", message: "No.", retry: false });
  assert.equal(agenda.error.code, "forbidden");
});

test("silence of two heartbeats is a lost connection", async () => {
  const { platform, client } = connected();
  await platform.pass(19_999);
  assert.equal(platform.sockets[0].closedWith, null);
  await platform.pass(1_000);
  assert.equal(platform.sockets[0].closedWith.code, 4001);
  assert.notEqual(client.status.state, "stopped");
  assert.equal(platform.sockets.length, 2);
});

test("after a silence the first try is short, and the next connection is waited for longer", async () => {
  const { platform } = connected();
  await platform.pass(21_000);
  platform.socket.open(); // a frozen server's kernel takes the connection, and nobody says anything
  await platform.pass(4_000);
  assert.equal(platform.sockets.length, 3);
  platform.socket.welcome(platform);
  await platform.pass(39_000);
  assert.equal(platform.sockets[2].closedWith, null);
  await platform.pass(2_000);
  assert.equal(platform.sockets[2].closedWith.code, 4001);
});

test("what the server says in time is no silence, and ends the counting", async () => {
  const { platform } = connected();
  for (let beats = 0; beats < 10; beats += 1) {
    await platform.pass(9_000);
    platform.socket.say({ op: "heartbeat", now_ms: platform.nowMs, epoch: "A", channels: {} });
  }
  assert.equal(platform.sockets.length, 1);
});

test("no welcome within ten seconds is a lost connection", async () => {
  const { platform, client } = begin();
  platform.socket.open();
  await platform.pass(10_000);
  assert.equal(client.status.state, "connecting");
  assert.ok(client.status.retryAtMs !== null);
});

test("five clock probes on connecting, then one each quarter of a minute", async () => {
  const { platform, client } = connected();
  const beat = (aheadMs = 0) => platform.socket.say({ op: "heartbeat", now_ms: platform.nowMs + aheadMs, epoch: "A", channels: {} });
  await platform.pass(2000);
  assert.equal(platform.socket.of("clock").length, 5);
  beat();
  assert.equal(platform.socket.of("clock").length, 5);
  await platform.pass(15_000);
  beat();
  const { t1 } = platform.socket.of("clock")[5];
  platform.socket.say({ op: "clock", t1, t2: t1 + 1000, t3: t1 + 1000 });
  assert.equal(client.serverNow(), platform.nowMs + 1000);
});

test("a heartbeat that tells of another time has the clock measured anew", async () => {
  const { platform } = connected();
  await platform.pass(2000);
  platform.socket.say({ op: "heartbeat", now_ms: platform.nowMs + 7_200_000, epoch: "A", channels: {} });
  await platform.pass(2000);
  assert.equal(platform.socket.of("clock").length, 10);
});

test("what the staff does carries a deadline, what the audience does carries none", () => {
  const { platform, client } = connected();
  client.produce.start("a").catch(() => {});
  client.moderate.push("q").catch(() => {});
  void client.ask("a", "Why?");
  const deadlines = platform.socket.of("command").map(({ deadline_ms }) => deadline_ms);
  assert.deepEqual(deadlines, [platform.nowMs + 10_000, platform.nowMs + 10_000, undefined]);
});

test("a drain is waited for on the open connection, then another is made", async () => {
  const { platform, states } = connected();
  platform.socket.say({ op: "drain", reconnect_after_ms: 3000 });
  await platform.pass(2999);
  assert.equal(platform.sockets.length, 1);
  await platform.pass(2);
  assert.equal(platform.sockets.length, 2);
  assert.equal(states.at(-1), "reconnecting");
});

test("a drain that closes early still waits for its moment", async () => {
  const { platform, client } = connected();
  platform.socket.say({ op: "drain", reconnect_after_ms: 3000 });
  await platform.pass(1000);
  platform.socket.drop(1012, "unavailable");
  assert.equal(client.status.retryAtMs - platform.nowMs, 2000);
});

test("waking measures the clock anew and drops a dead link", async () => {
  const { platform } = connected();
  await platform.pass(2000);
  platform.wake();
  assert.equal(platform.socket.of("clock").length, 6);
  await platform.pass(5000);
  assert.equal(platform.sockets[0].closedWith.code, 4001);
});

test("waking while waiting tries soon", async () => {
  const { platform, client } = begin();
  for (let i = 0; i < 7; i++) {
    platform.socket.drop();
    if (i < 6) await platform.pass(client.status.retryAtMs - platform.nowMs);
  }
  platform.wake();
  assert.equal(client.status.retryAtMs - platform.nowMs, 250);
});

test("stop closes, and nothing comes after it", async () => {
  const { platform, client, states } = connected();
  client.stop();
  assert.equal(platform.socket.closedWith.code, 1000);
  await platform.pass(60_000);
  assert.equal(platform.sockets.length, 1);
  assert.deepEqual(states, ["connecting", "connected", "stopped"]);
});
