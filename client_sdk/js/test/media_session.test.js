import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { MediaSession } from "../src/media_session.js";

const OFFER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:mine\r\na=ice-pwd:secret\r\na=mid:0\r\n";
const ANSWER = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old\r\na=ice-pwd:older\r\n";
const RESTARTED = "a=ice-ufrag:new\r\na=ice-pwd:newer\r\n";

/** A browser's connection, as far as a session uses one; `turn` is what its network does to it. */
class FakePeer extends EventTarget {
  static all = [];
  connectionState = "new";
  iceConnectionState = "new";
  iceGatheringState = "complete";
  localDescription = null;
  currentRemoteDescription = null;
  rolledBack = 0;

  constructor() {
    super();
    FakePeer.all.push(this);
  }

  async createOffer() {
    return { type: "offer", sdp: OFFER };
  }

  async setLocalDescription(description) {
    if (description.type === "rollback") this.rolledBack += 1;
    else this.localDescription = description;
  }

  async setRemoteDescription(description) {
    this.currentRemoteDescription = description;
  }

  turn(state) {
    this.connectionState = state;
    this.onconnectionstatechange();
  }

  close() {
    this.connectionState = "closed";
  }
}

/** @type {{method: string, headers: any, body: string}[]} */
let asked = [];
let session;
let answerPost;
let answerPatch;
let answerGet;

const answered = (status, body, headers = {}) => new Response(body, { status, headers });

async function fakeFetch(url, { method = "GET", headers, body }) {
  asked.push({ method, headers, body });
  if (method === "GET") return answerGet();
  if (method === "PATCH") return answerPatch();
  if (method !== "POST") return answered(200, "");
  const response = await answerPost();
  Object.defineProperty(response, "url", { value: url });
  return response;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const methods = () => asked.map(({ method }) => method).filter((method) => method !== "DELETE");

async function begin() {
  session = new MediaSession({ url: "http://server/whep", token: () => "token", prepare: () => {} });
  await settled();
}

async function connected() {
  await begin();
  FakePeer.all[0].turn("connected");
  assert.equal(session.status.state, "connected");
  return FakePeer.all[0];
}

beforeEach(() => {
  asked = [];
  FakePeer.all = [];
  answerPost = () => answered(201, ANSWER, { Location: "/media/r1" });
  answerPatch = () => answered(200, RESTARTED);
  const listening = new EventTarget();
  Object.assign(globalThis, {
    RTCPeerConnection: FakePeer,
    fetch: fakeFetch,
    addEventListener: listening.addEventListener.bind(listening),
    removeEventListener: listening.removeEventListener.bind(listening),
    dispatchEvent: listening.dispatchEvent.bind(listening),
  });
});

afterEach(() => session.stop());

test("a path that breaks is replaced on the same connection", async () => {
  const peer = await connected();
  peer.turn("disconnected");
  await settled();
  assert.deepEqual(methods(), ["POST", "PATCH"]);
  assert.equal(asked[1]?.headers["If-Match"], "*");
  assert.match(asked[1]?.body ?? "", /^a=ice-ufrag:mine\r\n/);
  assert.match(peer.currentRemoteDescription.sdp, /a=ice-ufrag:new/);
  peer.turn("connected");
  assert.deepEqual([session.status.state, FakePeer.all.length], ["connected", 1]);
});

test("a network that comes back restarts once, however often it says so", async () => {
  await connected();
  dispatchEvent(new Event("online"));
  dispatchEvent(new Event("online"));
  await settled();
  assert.deepEqual(methods(), ["POST", "PATCH"]);
});

test("a refused restart of a broken path leads to a new connection", async () => {
  const peer = await connected();
  answerPatch = () => answered(404, "{}");
  peer.turn("disconnected");
  await settled();
  assert.equal(session.status.state, "reconnecting");
  assert.equal(peer.connectionState, "closed");
});

test("a refused restart of a path that still works changes nothing", async () => {
  const peer = await connected();
  answerPatch = () => answered(422, "{}");
  dispatchEvent(new Event("online"));
  await settled();
  assert.deepEqual([session.status.state, peer.connectionState, peer.rolledBack], ["connected", "connected", 1]);
});

test("while the server is out of reach the restart is tried again", async (t) => {
  const peer = await connected();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let tries = 0;
  answerPatch = () => {
    tries += 1;
    if (tries < 3) throw new TypeError("fetch failed");
    return answered(200, RESTARTED);
  };
  peer.turn("disconnected");
  for (let i = 0; i < 4; i += 1) {
    await settled();
    t.mock.timers.tick(500);
  }
  await settled();
  assert.equal(tries, 3);
  assert.match(peer.currentRemoteDescription.sdp, /a=ice-ufrag:new/);
  assert.equal(session.status.state, "connected");
});

test("a restart that leads nowhere in time gives way to a new connection", async (t) => {
  const peer = await connected();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  peer.turn("disconnected");
  await settled();
  t.mock.timers.tick(5_999);
  assert.equal(session.status.state, "connected");
  t.mock.timers.tick(1);
  assert.equal(session.status.state, "reconnecting");
});

test("a session that the server has no longer is made anew as soon as one looks", async () => {
  const peer = await connected();
  answerGet = () => answered(204, null);
  await session.check();
  assert.equal(session.status.state, "connected");
  answerGet = () => answered(503, "{}");
  await session.check();
  answerGet = () => Promise.reject(new TypeError("offline"));
  await session.check();
  assert.equal(session.status.state, "connected");
  answerGet = () => answered(404, '{"code": "not_found"}', { "Content-Type": "application/problem+json" });
  await session.check();
  assert.equal(session.status.state, "reconnecting");
  assert.equal(peer.connectionState, "closed");
  await session.check();
  assert.deepEqual(methods().filter((method) => method === "GET").length, 4); // none without a session
});

const problem = (status, code, headers = {}) =>
  answered(status, JSON.stringify({ code }), { "Content-Type": "application/problem+json", ...headers });
const full = () => problem(503, "unavailable", { "Retry-After": "1" });
const TURN = { Link: '<turn:relay>; rel="ice-server"; username="u"; credential="c"' };

/** Timers and the date stand still but for this. */
async function pass(t, ms) {
  t.mock.timers.tick(ms);
  await settled();
}

for (const [what, refuse, state] of [
  ["a server that is not ready yet", full, "reconnecting"],
  ["closed doors", () => problem(409, "conflict", { "Retry-After": "1" }), "waiting"],
  ["a network that is away", () => Promise.reject(new TypeError("fetch failed")), "reconnecting"],
]) {
  test(`${what}: the same connection asks again`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    answerPost = refuse;
    await begin();
    assert.equal(session.status.state, state);
    await pass(t, 1_000);
    answerPost = () => answered(201, ANSWER, { Location: "/media/r1" });
    await pass(t, 1_000);
    FakePeer.all[0].turn("connected");
    assert.deepEqual([session.status.state, FakePeer.all.length], ["connected", 1]);
  });
}

test("an offer that has grown old, or is of another network, gives way to a new one", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  answerPost = full;
  await begin();
  for (let i = 0; i < 29; i++) await pass(t, 1_000);
  assert.equal(FakePeer.all.length, 1);
  await pass(t, 1_000);
  assert.deepEqual(FakePeer.all.map((peer) => peer.connectionState), ["closed", "new"]);
  dispatchEvent(new Event("online"));
  await pass(t, 1_000);
  assert.equal(FakePeer.all.length, 3);
});

test("what was added since is offered anew, and nothing stays open after the end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  answerPost = full;
  await begin();
  session.reconnect();
  await pass(t, 1_000);
  assert.equal(FakePeer.all.length, 2);
  session.stop();
  assert.deepEqual(FakePeer.all.map((peer) => peer.connectionState), ["closed", "closed"]);
});

test("an offer that the server refuses for good ends its connection", async () => {
  answerPost = () => problem(403, "forbidden");
  await begin();
  assert.deepEqual([session.status.state, FakePeer.all[0].connectionState], ["failed", "closed"]);
});

test("a server that is slow to answer takes nothing of the time to connect", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  let answer;
  answerPost = () => new Promise((resolve) => (answer = resolve));
  await begin();
  await pass(t, 11_999);
  answer(answered(201, ANSWER, { Location: "/media/r1" }));
  await settled();
  await pass(t, 11_999);
  assert.equal(session.status.state, "connecting");
  await pass(t, 1);
  assert.equal(session.status.state, "reconnecting");
});

for (const [ice, state] of [["connected", "connecting"], ["checking", "reconnecting"]]) {
  test(`three seconds after the answer, with ICE ${ice}, a session is ${state}`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    answerPost = () => answered(201, ANSWER, { Location: "/media/r1", ...TURN });
    await begin();
    FakePeer.all[0].iceConnectionState = ice;
    await pass(t, 3_000);
    assert.equal(session.status.state, state);
  });
}
