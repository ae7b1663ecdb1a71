/**
 * A client of one event: connects, comes back, follows channels, sends commands, keeps the clock.
 *
 * States: `connecting` → `connected` ⇄ `reconnecting` → `stopped`. Only `stopped` is final; its
 * `reason.code` says why (`bad_token`, `token_expired`, `banned`, `closed`…).
 */

import { Calls } from "./calls.js";
import { Channel } from "./channel.js";
import { ClockSync } from "./clock_sync.js";
import { moderation, production } from "./commands.js";
import { Emitter } from "./emitter.js";
import { ShowcallerError, asShowcallerError, errorFromReply, replyError } from "./errors.js";
import { browserPlatform } from "./platform.js";
import { backoffMs, closeVerdict, patience } from "./reconnect.js";
import { SocketLink, tryWebSocket } from "./socket_link.js";
import { StreamLink } from "./stream_link.js";
import { TokenKeeper } from "./token_keeper.js";
import { Ways } from "./ways.js";

const WAKE_DEADLINE_MS = 5_000; // for a sign of life after a sleep

/**
 * @typedef {"connecting" | "connected" | "reconnecting" | "stopped"} ClientState
 *
 * @typedef {object} Status
 * @property {ClientState} state
 * @property {number | null} retryAtMs when the next try begins, on the local clock
 * @property {{code: string, message: string} | null} reason why it stopped, or lost its connection
 * @property {import("./ways.js").Way} way what it connects by: HTTP where no WebSocket opens
 *
 * @typedef {object} ClientEvents
 * @property {Status} status
 * @property {import("./types.js").Welcome} welcome on each connection
 * @property {string} token a newer one: keep it
 * @property {null} clock the server's clock was measured
 * @property {ShowcallerError} error the server refused a message that had no id
 *
 * @typedef {object} ClientOptions
 * @property {string} [url] the server's address; the page's own if left out
 * @property {string} event
 * @property {string} token
 * @property {(old: string) => Promise<string>} [tokenProvider] gives a newer token than `old`; the
 *   server's own endpoint does if left out
 * @property {string} [client] who we are, such as `my-app/1.2`
 */

const NOW_MS = 10_000; // so long something may take that is to be done now
const CLOSE_SILENT = 4001;
const PATIENT_FOR_MS = 60_000; // a silence after this long is no sign of a thin line
const STEADY_MS = 1_000; // a connection that lasted this long: the next loss starts with a short delay

/** @extends {Emitter<ClientEvents>} */
export class ShowcallerClient extends Emitter {
  /** @type {Status} */
  status = { state: "stopped", retryAtMs: null, reason: null, way: "websocket" };
  /** The newest `welcome`: who we are, and our roles. @type {import("./types.js").Welcome | null} */
  welcome = null;

  #options;
  #platform;
  #calls = new Calls();
  /** @type {Map<string, Channel>} */
  #channels = new Map();
  #clock;
  #tokens;
  #ways = new Ways();
  /** @type {import("./link.js").Link | null} */
  #link = null;
  #attempt = 0;
  #silences = 0; // connections in a row that were lost by silence
  #welcomedAtMs = Infinity;
  #directed = false; // the delay is the server's wish
  #needsToken = false;
  #drainUntilMs = 0;
  #serverAheadMs = 0; // as the newest welcome told, which is good enough until a probe comes back
  #lastGivenMs = 0;
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #tryTimer = null; // of a WebSocket beside HTTP
  #stopWaking = () => {};

  /**
   * @param {ClientOptions} options
   * @param {import("./platform.js").Platform} [platform]
   */
  constructor(options, platform = browserPlatform) {
    super();
    this.#options = options;
    this.#platform = platform;
    this.#clock = new ClockSync((message) => this.#link?.send(message), platform);
    const { url, event, token, tokenProvider } = options;
    const source = { place: { url, event }, token, tokenProvider };
    this.#tokens = new TokenKeeper(source, (renewed) => this.#renewed(renewed), platform);
    this.moderate = moderation(this);
    this.produce = production(this);
  }

  /** The newest token, for HTTP requests of your own. */
  get token() {
    return this.#tokens.token;
  }

  /** Connects, and keeps connected until `stop()` or until the server says not to come back. */
  start() {
    if (this.status.state !== "stopped") return;
    this.#attempt = 0;
    this.#stopWaking = this.#platform.onWake(() => this.#wake());
    this.#connect();
  }

  stop() {
    this.#halt({ code: "closed", message: "Closed by this client." });
  }

  /**
   * Follows a channel until `unfollow(name)`; a second call returns the same object.
   *
   * @param {string} name
   * @returns {Channel}
   */
  follow(name) {
    const known = this.#channels.get(name);
    if (known) return known;
    const channel = new Channel(name, (message, settle) => this.#request(message, settle), this.#platform);
    this.#channels.set(name, channel);
    if (this.status.state === "connected") channel.connected();
    return channel;
  }

  /** @param {string} name */
  unfollow(name) {
    const channel = this.#channels.get(name);
    if (!channel) return;
    this.#channels.delete(name);
    channel.disconnected();
    if (this.status.state === "connected") this.#request({ op: "unsubscribe", channel: name }, () => {});
  }

  /**
   * Does something: PROTOCOL.md §6. Sent again with the same key after each reconnect until a
   * reply comes; rejects with ShowcallerError.
   *
   * @param {string} name
   * @param {Record<string, any>} [args]
   * @param {string} [key] repeat the key of an earlier try to have no second effect
   * @returns {Promise<Record<string, any>>}
   */
  command(name, args = {}, key = this.#platform.randomKey()) {
    return new Promise((resolve, reject) => {
      if (this.status.state === "stopped") return void reject(stoppedError(this.status));
      const message = this.#calls.open(
        { op: "command", name, args, key },
        (reply) => {
          if (reply === null) reject(stoppedError(this.status));
          else if (reply.ok) resolve(reply.result ?? {});
          else reject(replyError(reply));
        },
        { durable: true },
      );
      if (this.status.state === "connected") this.#link?.send(message);
    });
  }

  /**
   * Does something at once or not at all: for what would be wrong if it were done later. Rejects with the code `not_connected`
   * when nothing was sent, `too_late` when it came late, and `interrupted` when the connection ended before the reply, so that it may
   * have been done, but will not be done any more.
   *
   * @param {string} name
   * @param {Record<string, any>} [args]
   * @returns {Promise<Record<string, any>>}
   */
  commandNow(name, args = {}) {
    return new Promise((resolve, reject) => {
      if (this.status.state !== "connected") return void reject(new ShowcallerError("not_connected", "There is no connection: nothing was sent."));
      const deadline_ms = Math.round(this.#serverNow() + NOW_MS);
      this.#request({ op: "command", name, args, key: this.#platform.randomKey(), deadline_ms }, (reply) => {
        if (reply === null) reject(new ShowcallerError("interrupted", "The connection ended before the reply: it may have been done."));
        else if (reply.ok) resolve(reply.result ?? {});
        else reject(replyError(reply));
      });
    });
  }

  /**
   * @param {string} session
   * @param {string} text
   * @param {{anonymous?: boolean, key?: string}} [options]
   */
  ask(session, text, { anonymous = false, key } = {}) {
    return this.command("question.ask", { session, text, anonymous }, key);
  }

  /**
   * @param {string} question
   * @param {boolean} on
   */
  vote(question, on) {
    return this.command("question.vote", { question, on, given_ms: this.#nowGiven() });
  }

  /**
   * Votes in a poll, again as long as it is open; nothing chosen takes the vote back.
   *
   * @param {string} poll
   * @param {import("./types.js").OwnPollVote} choice
   */
  votePoll(poll, { options = [], words = [] }) {
    return this.command("poll.vote", { poll, options, words, given_ms: this.#nowGiven() });
  }

  /** Says something in a session's chat. @param {string} session @param {string} text */
  say(session, text) {
    return this.command("chat.say", { session, text });
  }

  /**
   * Says a line of captions, for who writes down what is said; without times it is said now.
   *
   * @param {string} session
   * @param {string} language one of the session's `captions`
   * @param {string} text
   * @param {{from_ms?: number, to_ms?: number}} [times] server time
   */
  caption(session, language, text, times = {}) {
    return this.command("caption.say", { session, language, text, ...times });
  }

  /**
   * Has a line of captions read otherwise.
   *
   * @param {string} session
   * @param {string} language
   * @param {string} caption the line's id
   * @param {string} text empty: takes it out
   */
  correctCaption(session, language, caption, text) {
    return this.command("caption.correct", { session, language, caption, text });
  }

  /**
   * @param {string} session
   * @param {"clap" | "heart" | "laugh" | "wow" | "party"} reaction
   */
  react(session, reaction) {
    return this.command("reaction.send", { session, reaction });
  }

  /**
   * Puts a session into one's own agenda, or takes it out again.
   *
   * @param {string} session
   * @param {boolean} on
   */
  star(session, on) {
    return this.command("session.star", { session, on });
  }

  /**
   * The secret address of one's own calendar, which needs no token: keep it to oneself.
   *
   * @returns {Promise<{path: string}>}
   */
  ownCalendar() {
    return /** @type {Promise<any>} */ (this.command("calendar.show", {}));
  }

  /** Ends that address, and returns the one in its place. @returns {Promise<{path: string}>} */
  renewCalendar() {
    return /** @type {Promise<any>} */ (this.command("calendar.renew", {}));
  }

  /** Server time now, as this client estimates it. */
  serverNow() {
    return this.#clock.serverNow();
  }

  /** The quality of the estimate of the server's clock. */
  clockQuality() {
    return this.#clock.quality();
  }

  /** Tries again now instead of waiting. */
  retryNow() {
    if (this.status.retryAtMs !== null) this.#retryIn(0);
  }

  /** Returns the server time of what is said now: later than all that was given before. */
  #nowGiven() {
    this.#lastGivenMs = Math.max(Math.round(this.#serverNow()), this.#lastGivenMs + 1);
    return this.#lastGivenMs;
  }

  #serverNow() {
    return this.clockQuality().known ? this.serverNow() : this.#platform.now() + this.#serverAheadMs;
  }

  #connect() {
    this.#setStatus(this.welcome ? "reconnecting" : "connecting", this.status.reason);
    const { url, event, client = "showcaller-js/0.1" } = this.#options;
    const LinkOfWay = this.#ways.way === "http" ? StreamLink : SocketLink;
    this.#link = new LinkOfWay(
      { place: { url, event }, token: this.token, client },
      {
        onWelcome: (welcome) => this.#welcomed(welcome),
        onMessage: (message) => this.#receive(message),
        onClose: ({ code, reason }) => this.#closed(code, reason),
        followed: () => [...this.#channels.values()].map((channel) => channel.place()),
      },
      patience(this.#silences, this.#attempt),
      this.#platform,
    );
  }

  /** Tries a WebSocket beside HTTP, again and again; when one opens, goes on by it. */
  #tryWebSocket() {
    this.#tryTimer = this.#platform.setTimeout(() => {
      const link = this.#link;
      const goOn = () => {
        if (link !== this.#link) return;
        this.#ways.websocketOpens();
        link?.close(1012, "websocket retry_after_ms=0");
      };
      tryWebSocket(this.#options, goOn, this.#platform);
      this.#tryWebSocket();
    }, this.#ways.nextTryMs());
  }

  /** @param {import("./types.js").Welcome} welcome */
  #welcomed(welcome) {
    this.welcome = welcome;
    this.#drainUntilMs = 0;
    this.#welcomedAtMs = this.#platform.now();
    this.#serverAheadMs = welcome.now_ms - this.#welcomedAtMs;
    this.#tokens.keep(welcome.expires_at_ms - welcome.now_ms);
    this.#setStatus("connected");
    if (this.#ways.way === "http") this.#tryWebSocket();
    this.#clock.restart();
    for (const channel of this.#channels.values()) channel.connected();
    for (const message of this.#calls.durableMessages()) this.#link?.send(message);
    this.emit("welcome", welcome);
  }

  /** @param {import("./types.js").ServerMessage} message */
  #receive(message) {
    switch (message.op) {
      case "reply":
        return this.#calls.settle(message);
      case "snapshot":
      case "change":
      case "levels":
        return this.#channels.get(message.channel)?.receive(message);
      case "heartbeat":
        return this.#heartbeat(message);
      case "clock":
        this.#clock.answer(message);
        return this.emit("clock", null);
      case "drain":
        return this.#drain(message.reconnect_after_ms);
      case "error":
        return this.emit("error", errorFromReply(message.error));
      default: // later versions send more
        return undefined;
    }
  }

  /** @param {import("./types.js").Heartbeat} heartbeat */
  #heartbeat({ now_ms, epoch, channels }) {
    this.#clock.heartbeat(now_ms);
    for (const [name, head] of Object.entries(channels)) {
      this.#channels.get(name)?.heartbeat(epoch, head);
    }
  }

  /**
   * The server is about to stop: stay until the moment it gave us, then go to another.
   *
   * @param {number} afterMs
   */
  #drain(afterMs) {
    this.#drainUntilMs = this.#platform.now() + afterMs;
    this.#platform.clearTimeout(this.#timer);
    this.#timer = this.#platform.setTimeout(() => this.#link?.close(1012), afterMs);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    if (this.status.state === "stopped") return; // our own closing
    if (this.#link?.way === this.#ways.way) this.#ways.ended(this.#link.opened);
    this.#disconnected();
    this.#countSilence(code);
    const verdict = closeVerdict(code, reason);
    if (!verdict.comeBack) {
      this.#halt({ code: verdict.code, message: reason });
      return;
    }
    this.#needsToken ||= verdict.newToken;
    const drainMs = Math.max(0, this.#drainUntilMs - this.#platform.now());
    const directedMs = this.#drainUntilMs > 0 ? drainMs : verdict.retryAfterMs;
    this.#comeBack(directedMs, { code: verdict.code, message: reason });
  }

  /** @param {number} code */
  #countSilence(code) {
    const lastedMs = this.#platform.now() - this.#welcomedAtMs; // not welcomed: below any
    if (code === CLOSE_SILENT) this.#silences = lastedMs > PATIENT_FOR_MS ? 1 : this.#silences + 1;
    else if (lastedMs >= STEADY_MS) this.#silences = 0;
  }

  #disconnected() {
    this.#link = null;
    this.#platform.clearTimeout(this.#timer);
    this.#platform.clearTimeout(this.#tryTimer);
    this.#clock.stop();
    this.#tokens.stop();
    this.#calls.interrupt();
    for (const channel of this.#channels.values()) channel.disconnected();
  }

  /**
   * @param {number | null} directedMs the server's wish; null: back off
   * @param {{code: string, message: string}} reason
   */
  #comeBack(directedMs, reason) {
    if (this.#platform.now() - this.#welcomedAtMs >= STEADY_MS) this.#attempt = 0;
    this.#welcomedAtMs = Infinity;
    const delayMs = directedMs ?? backoffMs(this.#attempt, this.#platform.random());
    this.#directed = directedMs !== null;
    this.#drainUntilMs = 0;
    this.#attempt += 1;
    this.#setStatus(this.welcome ? "reconnecting" : "connecting", reason);
    this.#retryIn(delayMs);
  }

  /** @param {number} delayMs */
  #retryIn(delayMs) {
    this.#platform.clearTimeout(this.#timer);
    this.#timer = this.#platform.setTimeout(() => void this.#retry(), delayMs);
    const { state, reason } = this.status;
    this.#setStatus(state, reason, this.#platform.now() + delayMs);
  }

  async #retry() {
    if (this.#needsToken && !(await this.#getToken())) return;
    if (this.status.state !== "stopped") this.#connect();
  }

  /** @returns {Promise<boolean>} whether there is a new token */
  async #getToken() {
    try {
      await this.#tokens.renew();
      return true;
    } catch (raw) {
      const error = asShowcallerError(raw);
      if (this.status.state === "stopped") return false;
      if (error.retry) this.#comeBack(error.retryAfterMs, error);
      else this.#halt({ code: "token_expired", message: error.message });
      return false;
    }
  }

  /** @param {string} token */
  #renewed(token) {
    this.#needsToken = false;
    this.emit("token", token);
    if (this.status.state !== "connected") return;
    this.#request({ op: "refresh", token }, (reply) => {
      const expiresAtMs = reply?.result?.expires_at_ms;
      if (expiresAtMs) this.#tokens.keep(expiresAtMs - this.serverNow());
    });
  }

  /** Back online, visible or awake: come back sooner, or find out whether the link still lives. */
  #wake() {
    if (this.status.retryAtMs !== null) {
      if (!this.#directed) this.#retryIn(backoffMs(0, this.#platform.random()));
      return;
    }
    if (this.status.state !== "connected") return;
    const link = this.#link;
    const wokenAtMs = this.#platform.now();
    this.#clock.restart();
    this.#platform.setTimeout(() => {
      if (link && link.heardAtMs < wokenAtMs) link.close(4001, "silent");
    }, WAKE_DEADLINE_MS);
  }

  /** @param {{code: string, message: string}} reason */
  #halt(reason) {
    const link = this.#link;
    this.#disconnected();
    this.#stopWaking();
    this.#setStatus("stopped", reason);
    this.#calls.abandon();
    link?.close(1000);
  }

  /**
   * @param {Record<string, any>} message
   * @param {(reply: import("./types.js").Reply | null) => void} settle
   */
  #request(message, settle) {
    this.#link?.send(this.#calls.open(message, settle));
  }

  /**
   * @param {ClientState} state
   * @param {Status["reason"]} [reason]
   * @param {number | null} [retryAtMs]
   */
  #setStatus(state, reason = null, retryAtMs = null) {
    this.status = { state, reason, retryAtMs, way: this.#ways.way };
    this.emit("status", this.status);
  }
}

/** @param {Status} status */
function stoppedError({ reason }) {
  return new ShowcallerError("stopped", reason?.message || "This client is stopped.");
}
