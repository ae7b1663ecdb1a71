/** A platform whose clock and network are moved by hand. */

function welcomeMessage(platform, fields) {
  return {
    op: "welcome", event: "e", person: "p", name: "Ada", roles: ["attendee"], sessions: [], epoch: "A",
    head: 0, now_ms: platform.nowMs, heartbeat_ms: 10_000, expires_at_ms: platform.nowMs + 3_600_000,
    server: "test", ...fields,
  };
}

/** A server's end of one scripted connection. */
export class ScriptedSocket {
  constructor(url, protocols) {
    Object.assign(this, { url, protocols, sent: [], closedWith: null });
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code, reason) {
    this.closedWith = { code, reason };
  }

  // What the server does:

  open() {
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  drop(code = 1006, reason = "") {
    this.onclose({ code, reason });
  }

  welcome(platform, fields = {}) {
    this.open();
    this.say(welcomeMessage(platform, fields));
  }

  of(op) {
    return this.sent.filter((message) => message.op === op);
  }
}

/** A server's end of one scripted stream over HTTP. */
export class ScriptedStream {
  #controller;

  constructor({ init }) {
    this.asked = JSON.parse(init.body);
    this.token = init.headers.Authorization;
    this.signal = init.signal;
    const body = new ReadableStream({ start: (controller) => (this.#controller = controller) });
    this.response = new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    init.signal.addEventListener("abort", () => this.#controller.error(new Error("aborted")));
  }

  say(message) {
    return this.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  write(text) {
    return this.writeBytes(new TextEncoder().encode(text));
  }

  writeBytes(bytes) {
    this.#controller.enqueue(bytes);
    return settled();
  }

  welcome(platform, fields = {}) {
    return this.say(welcomeMessage(platform, fields));
  }

  end() {
    this.#controller.close();
    return settled();
  }
}

export class ManualPlatform {
  nowMs = 1_000_000;
  chance = 0.5;
  sockets = [];
  requests = [];
  respond = () => new Response("{}", { status: 500 });
  #timers = new Map();
  #ids = 0;
  #wakers = new Set();

  constructor() {
    const platform = this;
    this.WebSocket = class extends ScriptedSocket {
      constructor(url, protocols) {
        super(url, protocols);
        platform.sockets.push(this);
      }
    };
  }

  now = () => this.nowMs;
  random = () => this.chance;
  randomKey = () => `key-${++this.#ids}`;

  setTimeout = (run, delayMs) => {
    const id = ++this.#ids;
    this.#timers.set(id, { atMs: this.nowMs + delayMs, run });
    return id;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  fetch = async (url, init) => {
    this.requests.push({ url, init });
    return this.respond(url, init);
  };

  onWake = (wake) => {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  };

  wake() {
    for (const wake of this.#wakers) wake();
  }

  get socket() {
    return this.sockets.at(-1);
  }

  /** Lets `durationMs` pass, timer by timer. */
  async pass(durationMs) {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.atMs <= untilMs).sort((a, b) => a[1].atMs - b[1].atMs)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.nowMs = Math.max(this.nowMs, due[1].atMs);
      due[1].run();
      await settled();
    }
    this.nowMs = untilMs;
    await settled();
  }
}

/** Waits until the promises that are ready have run. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A small generator of chance that a seed repeats (mulberry32). */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
