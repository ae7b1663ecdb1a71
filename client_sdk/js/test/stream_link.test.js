import assert from "node:assert/strict";
import { test } from "node:test";

import { ShowcallerClient } from "../src/client.js";
import { ManualPlatform, ScriptedStream, settled } from "../testing/manual_platform.js";

const AT = "https://show.example/api/v1/events/e";
const snapshot = { op: "snapshot", channel: "agenda", epoch: "A", offset: 5, items: { a: 1 }, levels: {}, reset: false };

/** A client whose network lets no WebSocket through. */
async function behindProxy({ follow = ["agenda"], welcomed = true } = {}) {
  const platform = new ManualPlatform();
  platform.chance = 0; // no waiting
  const streams = [];
  const answers = {};
  platform.respond = (url, init) => {
    const what = url.slice(AT.length);
    if (what !== "/live") return (answers[what] ?? (() => Response.json({ t2: 1, t3: 1 })))(init);
    streams.push(new ScriptedStream({ init }));
    return streams.at(-1).response;
  };
  const client = new ShowcallerClient({ url: "https://show.example", event: "e", token: "T1" }, platform);
  const channels = follow.map((name) => client.follow(name));
  client.start();
  for (let i = 0; i < 2; i++) {
    platform.socket.drop(1006);
    await platform.pass(1);
  }
  if (welcomed) await streams[0].welcome(platform);
  return { platform, client, channels, streams, answers };
}

const replyTo = (channel, more = {}) => ({ op: "reply", id: channel, ok: true, result: { channel, mode: "snapshot" }, ...more });

test("follows over HTTP, with the token in a header and what is followed in the body, and says so", async () => {
  const { platform, client, channels: [agenda], streams: [stream] } = await behindProxy();
  assert.equal(client.status.state, "connected");
  assert.equal(client.status.way, "http");
  assert.equal(stream.token, "Bearer T1");
  assert.deepEqual(stream.asked, { subscribe: [{ id: "agenda", channel: "agenda" }], client: "showcaller-js/0.1" });
  assert.ok(platform.requests.every(({ url }) => !url.includes("T1")));
  await stream.say(replyTo("agenda"));
  await stream.say(snapshot);
  assert.deepEqual([...agenda.items], [["a", 1]]);
});

test("messages come whole, however the network cuts them", async () => {
  const { channels: [agenda], streams: [stream] } = await behindProxy();
  const text = `data: ${JSON.stringify(replyTo("agenda"))}\n\n: nothing\n\ndata: ${JSON.stringify({ ...snapshot, items: { a: "é" } })}\n\n`;
  const bytes = new TextEncoder().encode(text);
  const at = bytes.indexOf(0xc3) + 1; // within a character
  await stream.writeBytes(bytes.slice(0, at));
  await stream.writeBytes(bytes.slice(at));
  assert.deepEqual([...agenda.items], [["a", "é"]]);
});

test("what is followed later comes with a new stream, which resumes the rest", async () => {
  const { platform, client, streams } = await behindProxy();
  await streams[0].say(replyTo("agenda"));
  await streams[0].say(snapshot);
  client.follow("me");
  client.follow("announcements");
  await platform.pass(1);
  assert.equal(streams.length, 2);
  assert.ok(streams[0].signal.aborted);
  assert.deepEqual(streams[1].asked.subscribe, [
    { id: "agenda", channel: "agenda", since: { epoch: "A", offset: 5 } },
    { id: "me", channel: "me" },
    { id: "announcements", channel: "announcements" },
  ]);
  client.unfollow("me");
  await platform.pass(1);
  assert.deepEqual(streams[2].asked.subscribe.map(({ channel }) => channel), ["agenda", "announcements"]);
  assert.equal(client.status.state, "connected");
});

test("a channel that can't be resumed now is asked for again", async () => {
  const { platform, channels: [agenda], streams } = await behindProxy();
  await streams[0].say(replyTo("agenda"));
  await streams[0].say(snapshot);
  agenda.connected(); // as after a gap
  await platform.pass(1);
  const error = { code: "unavailable", message: "behind", retry: true, retry_after_ms: 300 };
  await streams[1].welcome(platform);
  await streams[1].say({ op: "reply", id: "agenda", ok: false, error });
  await platform.pass(299);
  assert.equal(streams.length, 2);
  await platform.pass(2);
  assert.equal(streams.length, 3);
});

test("commands are requests with their key and deadline, answered there", async () => {
  const { client, platform, answers } = await behindProxy();
  answers["/commands/question.ask"] = () => Response.json({ question: "q" });
  assert.deepEqual(await client.ask("s", "Why?"), { question: "q" });
  const { init } = platform.requests.at(-1);
  assert.deepEqual(JSON.parse(init.body), { session: "s", text: "Why?", anonymous: false });
  assert.match(init.headers["Idempotency-Key"], /^key-/);
  answers["/commands/question.push"] = () => Response.json({ code: "claimed", detail: "Hers.", retry: false }, { status: 409 });
  await assert.rejects(client.moderate.push("q"), { code: "claimed", message: "Hers." });
  assert.match(platform.requests.at(-1).init.headers["Showcaller-Deadline"], /^\d+$/);
});

test("a command that nobody answered is sent again with the same key once there is a connection", async () => {
  const { client, platform, streams, answers } = await behindProxy();
  answers["/commands/question.ask"] = () => { throw new TypeError("the network is gone"); };
  const asked = client.ask("s", "Why?");
  await settled();
  assert.equal(client.status.state, "reconnecting");
  const first = platform.requests.at(-1).init.headers["Idempotency-Key"];
  answers["/commands/question.ask"] = () => Response.json({ question: "q" });
  await platform.pass(1);
  await streams.at(-1).welcome(platform);
  assert.deepEqual(await asked, { question: "q" });
  const sent = platform.requests.filter(({ url }) => url.endsWith("question.ask"));
  assert.deepEqual(sent.map(({ init }) => init.headers["Idempotency-Key"]), [first, first]);
});

test("a close that comes as a message counts as one of a WebSocket", async () => {
  const { client, platform, streams } = await behindProxy();
  await streams[0].say({ op: "close", code: 1012, reason: "draining retry_after_ms=0" });
  await platform.pass(1);
  assert.equal(streams.length, 2);
  await streams[1].welcome(platform);
  await streams[1].say({ op: "close", code: 4501, reason: "banned" });
  assert.deepEqual(client.status.reason, { code: "banned", message: "banned" });
});

test("an answer in place of the stream says whether to come back, and with which token", async () => {
  const { client, platform, streams, answers } = await behindProxy({ welcomed: false });
  await streams[0].say({ op: "close", code: 4003, reason: "token_expired" });
  answers["/tokens"] = () => Response.json({ token: "T2" }, { status: 201 });
  await platform.pass(1);
  assert.equal(streams[1].token, "Bearer T2");
  const stopped = await behindProxy({ welcomed: false });
  stopped.platform.respond = () => Response.json({ code: "bad_token", detail: "No.", retry: false }, { status: 401 });
  await stopped.streams[0].welcome(stopped.platform);
  await stopped.streams[0].end();
  await stopped.platform.pass(1);
  assert.equal(stopped.client.status.state, "stopped");
  assert.equal(stopped.client.status.reason.code, "bad_token");
  assert.equal(client.status.state, "connecting");
});

test("a newer token opens a new stream, and tells for how long it is good", async () => {
  const { platform, client, streams } = await behindProxy();
  const tokens = [];
  client.on("token", (token) => tokens.push(token));
  platform.respond = ((before) => (url, init) => (url.endsWith("/tokens") ? Response.json({ token: "T2" }, { status: 201 }) : before(url, init)))(platform.respond);
  for (let i = 0; i < 2890 && tokens.length === 0; i += 10) {
    await streams[0].say({ op: "heartbeat", now_ms: platform.nowMs, epoch: "A", channels: {} });
    await platform.pass(10_000);
  }
  await platform.pass(1);
  assert.deepEqual(tokens, ["T2"]);
  assert.equal(streams.at(-1).token, "Bearer T2");
});

test("a stream that falls silent is lost, as a WebSocket would be", async () => {
  const { platform, client, streams } = await behindProxy();
  await platform.pass(19_900);
  assert.equal(client.status.state, "connected");
  await platform.pass(200);
  assert.equal(client.status.reason.code, "silent");
  assert.ok(streams[0].signal.aborted);
});

test("when a WebSocket opens beside HTTP, goes on by it", async () => {
  const { platform, client, streams } = await behindProxy();
  await platform.pass(2_000);
  assert.equal(platform.sockets.length, 3);
  assert.equal(client.status.way, "http"); // until it opens
  for (let i = 0; i < 6; i++) {
    await streams[0].say({ op: "heartbeat", now_ms: platform.nowMs, epoch: "A", channels: {} });
    await platform.pass(10_000);
  }
  assert.equal(platform.sockets.length, 4);
  platform.socket.open();
  await platform.pass(1);
  assert.equal(platform.sockets.length, 5);
  platform.socket.welcome(platform);
  assert.equal(client.status.way, "websocket");
  assert.equal(client.status.state, "connected");
});
