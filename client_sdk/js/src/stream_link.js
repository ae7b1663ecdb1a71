/**
 * A link over HTTP, for networks that let no WebSocket through: PROTOCOL.md §11. A stream brings what a WebSocket would;
 * commands and probes of the clock are requests of their own, at whichever node. What is followed stands in the request for
 * the stream: when that changes there is a new one, which resumes.
 */

import { asShowcallerError } from "./errors.js";
import { fetchClock, openStream, sendCommand } from "./http.js";
import { CLOSE_ABNORMAL, Link } from "./link.js";

/** The closes that answers in place of a stream stand for: PROTOCOL.md §7. @type {Record<string, number>} */
const CLOSES = { token_expired: 4003, token_not_yet: 4004, bad_token: 4500, no_token: 4500, banned: 4501, overload: 1013 };

/** @typedef {import("./errors.js").ShowcallerError} ShowcallerError */

export class StreamLink extends Link {
  /** @type {import("./ways.js").Way} */
  way = "http";

  #hello;
  #listener;
  #platform;
  #controller = new AbortController();
  /** The ids under which the client waits for replies to `subscribe`, by channel. @type {Map<string, string>} */
  #asked = new Map();
  /** Channels that the stream has yet to reply about. @type {Set<string>} */
  #open = new Set();
  /** @type {string | null} */
  #refresh = null; // the id of the client's `refresh`
  #welcomed = false;
  /** @type {any} */
  #timer = null;

  /**
   * @param {import("./link.js").Hello} hello
   * @param {import("./link.js").LinkListener} listener
   * @param {import("./reconnect.js").Patience} patience
   * @param {import("./platform.js").Platform} platform
   */
  constructor(hello, listener, patience, platform) {
    super(listener, patience, platform);
    this.#hello = { ...hello };
    this.#listener = listener;
    this.#platform = platform;
    void this.#stream();
  }

  /** @param {Record<string, any>} message */
  send(message) {
    if (this.ended) return;
    switch (message.op) {
      case "subscribe":
        this.#asked.set(message.channel, message.id);
        return void (this.#open.has(message.channel) || this.#anew(0));
      case "unsubscribe":
        this.#anew(0);
        return this.#reply(message.id, {});
      case "refresh":
        this.#hello.token = message.token;
        this.#refresh = message.id;
        return this.#anew(0);
      case "clock":
        return void this.#clock(message.t1);
      default:
        return void this.#command(message);
    }
  }

  cut() {
    this.#controller.abort();
    this.#platform.clearTimeout(this.#timer);
  }

  /** Has another stream take this one's place; what is asked for until then goes with it. @param {number} delayMs */
  #anew(delayMs) {
    this.#platform.clearTimeout(this.#timer);
    this.#timer = this.#platform.setTimeout(() => {
      this.#controller.abort();
      void this.#stream();
    }, delayMs);
  }

  async #stream() {
    const controller = (this.#controller = new AbortController());
    const subscribe = this.#listener.followed().map((one) => ({ id: one.channel, ...one }));
    this.#open = new Set(subscribe.map(({ channel }) => channel));
    const { place, token, client } = this.#hello;
    try {
      const events = openStream({ ...place, token, subscribe, client, signal: controller.signal }, this.#platform);
      for await (const text of events) {
        if (controller.signal.aborted) return;
        this.receive(text);
      }
      if (!controller.signal.aborted) this.end(CLOSE_ABNORMAL, "");
    } catch (error) {
      if (!controller.signal.aborted) this.#failed(asShowcallerError(error));
    }
  }

  /** @param {any} message */
  take(message) {
    this.opened = true;
    if (message.op === "close") this.end(message.code, message.reason);
    else if (message.op === "reply") this.#subscribed(message);
    else if (message.op === "welcome" && this.#welcomed) this.#welcomedAgain(message);
    else {
      this.#welcomed ||= message.op === "welcome";
      super.take(message);
    }
  }

  /** @param {import("./types.js").Welcome} welcome of a stream that took the place of another */
  #welcomedAgain({ expires_at_ms }) {
    if (this.#refresh !== null) this.#reply(this.#refresh, { expires_at_ms });
    this.#refresh = null;
  }

  /** @param {import("./types.js").Reply} reply */
  #subscribed(reply) {
    const channel = reply.id;
    const id = this.#asked.get(channel);
    this.#open.delete(channel);
    this.#asked.delete(channel);
    if (id !== undefined) super.take({ ...reply, id });
    else if (!reply.ok && reply.error?.retry) this.#anew(reply.error.retry_after_ms ?? 1000);
  }

  /** @param {number} t1 */
  async #clock(t1) {
    try {
      const { t2, t3 } = await fetchClock(this.#hello.place, this.#platform);
      if (!this.ended) super.take({ op: "clock", t1, t2, t3 });
    } catch {
      // There is another probe soon.
    }
  }

  /** @param {Record<string, any>} message */
  async #command({ id, name, args, key, deadline_ms }) {
    const { place, token } = this.#hello;
    try {
      const result = await sendCommand({ ...place, token, name, args, key, deadline_ms }, this.#platform);
      this.#reply(id, result);
    } catch (raw) {
      const error = asShowcallerError(raw);
      if (error.code === "unreachable" || error.code.startsWith("http_5")) this.close();
      else this.#refuse(id, error);
    }
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} result
   */
  #reply(id, result) {
    if (!this.ended) super.take({ op: "reply", id, ok: true, result });
  }

  /**
   * @param {string} id
   * @param {ShowcallerError} error
   */
  #refuse(id, { code, message, retry, retryAfterMs, field }) {
    const error = { code, message, retry, ...(retryAfterMs !== null && { retry_after_ms: retryAfterMs }), ...(field && { field }) };
    if (!this.ended) super.take({ op: "reply", id, ok: false, error });
  }

  /** @param {ShowcallerError} error in place of a stream */
  #failed({ code, retryAfterMs }) {
    this.opened ||= code in CLOSES;
    const reason = retryAfterMs === null ? code : `${code} retry_after_ms=${Math.ceil(retryAfterMs)}`;
    this.end(CLOSES[code] ?? CLOSE_ABNORMAL, reason);
  }
}
