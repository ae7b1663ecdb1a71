/** A channel that a client follows: its items and levels, kept whole across connections. */

import { Emitter } from "./emitter.js";
import { errorFromReply } from "./errors.js";
import { Follower } from "./follower.js";
import { backoffMs } from "./reconnect.js";

const LOSS_CHECK_MS = 1000; // PROTOCOL.md §4: a change may still be on its way for that long

/**
 * @typedef {object} ChannelEvents
 * @property {null} change items or levels changed
 * @property {any} event a one-shot event; comes once
 * @property {import("./errors.js").ShowcallerError} error it may not be followed
 *
 * @typedef {(message: Record<string, any>, settle: (reply: import("./types.js").Reply | null) => void) => void} Request
 */

/** @extends {Emitter<ChannelEvents>} */
export class Channel extends Emitter {
  #follower = new Follower();
  #request;
  #platform;
  #subscribing = false;
  #attempt = 0;
  #head = { epoch: "", offset: 0 }; // by the newest heartbeat
  /** @type {any} */
  #timer = null;

  /**
   * @param {string} name
   * @param {Request} request sends a message on the present connection
   * @param {import("./platform.js").Platform} platform
   */
  constructor(name, request, platform) {
    super();
    this.name = name;
    this.#request = request;
    this.#platform = platform;
    /** Why it can't be followed; null while it can. @type {import("./errors.js").ShowcallerError | null} */
    this.error = null;
  }

  /** @returns {ReadonlyMap<string, any>} */
  get items() {
    return this.#follower.items;
  }

  /** @returns {ReadonlyMap<string, number>} */
  get levels() {
    return this.#follower.levels;
  }

  /** True when a snapshot has come. */
  get ready() {
    return this.#follower.epoch !== null;
  }

  /** The channel, and where to resume it. */
  place() {
    const since = this.#follower.since();
    return { channel: this.name, ...(since && { since }) };
  }

  /** A connection is there: begin to follow, or resume. */
  connected() {
    this.#attempt = 0;
    this.#subscribe();
  }

  /** The connection ended. What is held stays. */
  disconnected() {
    this.#subscribing = false;
    this.#cancelTimer();
  }

  /** @param {import("./types.js").Snapshot | import("./types.js").Change | import("./types.js").Levels} message */
  receive(message) {
    const { changed, gap, events } = this.#follower.receive(message);
    if (gap) this.#subscribe();
    if (changed) this.emit("change", null);
    for (const event of events) this.emit("event", event);
  }

  /**
   * @param {string} epoch
   * @param {{head: number, mark: number}} channel
   */
  heartbeat(epoch, channel) {
    this.#head = { epoch, offset: channel.head };
    const behind = this.#follower.heartbeat(epoch, channel);
    if (behind && this.#timer === null) this.#after(LOSS_CHECK_MS, () => this.#checkLoss());
  }

  #checkLoss() {
    if (this.#follower.isBehind(this.#head.epoch, this.#head.offset)) this.#subscribe();
  }

  #subscribe() {
    if (this.#subscribing) return; // what is missing comes after the reply
    this.#subscribing = true;
    this.#cancelTimer();
    this.#request({ op: "subscribe", ...this.place() }, (reply) => {
      this.#subscribing = false;
      if (reply !== null) this.#subscribed(reply);
    });
  }

  /** @param {import("./types.js").Reply} reply */
  #subscribed({ ok, error }) {
    this.error = ok || !error ? null : errorFromReply(error);
    if (this.error === null) return;
    if (!this.error.retry) return void this.emit("error", this.error);
    const delayMs = this.error.retryAfterMs ?? backoffMs(this.#attempt++, this.#platform.random());
    this.#after(delayMs, () => this.#subscribe());
  }

  /**
   * @param {number} delayMs
   * @param {() => void} run
   */
  #after(delayMs, run) {
    this.#timer = this.#platform.setTimeout(() => {
      this.#timer = null;
      run();
    }, delayMs);
  }

  #cancelTimer() {
    this.#platform.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
