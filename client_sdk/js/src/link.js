/**
 * One connection from its opening to its end: `welcome`, messages, silence. It ends once, with a close code; whether to
 * come back is not its business. What carries it is its subclass's: a WebSocket, or HTTP.
 */

export const CLOSE_ABNORMAL = 1006;
const CLOSE_SILENT = 4001;

/**
 * @typedef {import("./reconnect.js").Patience} Patience
 *
 * @typedef {object} LinkListener
 * @property {(welcome: import("./types.js").Welcome) => void} onWelcome
 * @property {(message: import("./types.js").ServerMessage) => void} onMessage
 * @property {(close: {code: number, reason: string}) => void} onClose
 * @property {() => {channel: string, since?: {epoch: string, offset: number}}[]} followed what is followed now, and where to resume it
 *
 * @typedef {object} Hello
 * @property {import("./http.js").Place} place
 * @property {string} token
 * @property {string} client
 */

export class Link {
  /** True when the other side has taken the connection, welcome or not. */
  opened = false;
  ended = false;
  /** @type {import("./ways.js").Way} */
  way = "websocket";

  #platform;
  #listener;
  #patience;
  #heardAtMs;
  /** @type {any} */
  #timer;
  #welcomed = false;

  /**
   * @param {LinkListener} listener
   * @param {Patience} patience
   * @param {import("./platform.js").Platform} platform
   */
  constructor(listener, patience, platform) {
    this.#platform = platform;
    this.#listener = listener;
    this.#patience = patience;
    this.#heardAtMs = platform.now();
    this.#timer = platform.setTimeout(() => this.close(), patience.welcomeMs);
  }

  /** @param {Record<string, any>} _message */
  send(_message) {
    throw new Error("a subclass sends");
  }

  /**
   * Cuts what carries the link.
   *
   * @param {number} _code
   * @param {string} _reason
   */
  cut(_code, _reason) {}

  /**
   * Ends the link now, without waiting for the other side.
   *
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code = CLOSE_ABNORMAL, reason = "") {
    if (this.ended) return;
    this.end(code, reason);
    this.cut(code, reason);
  }

  /** The time at which anything last came from the server. */
  get heardAtMs() {
    return this.#heardAtMs;
  }

  /** @param {string} text a message as it came; what is none is dropped */
  receive(text) {
    const message = parse(text);
    if (this.ended || message === null) return;
    this.#heardAtMs = this.#platform.now();
    this.take(message);
  }

  /** @param {any} message */
  take(message) {
    if (message.op === "welcome") this.#welcome(message);
    else if (this.#welcomed) this.#listener.onMessage(message);
  }

  /** @param {import("./types.js").Welcome} welcome */
  #welcome(welcome) {
    this.#welcomed = true;
    this.#platform.clearTimeout(this.#timer);
    this.#watchSilence(welcome.heartbeat_ms);
    this.#listener.onWelcome(welcome);
  }

  /** @param {number} heartbeatMs */
  #watchSilence(heartbeatMs) {
    const leftMs = this.#heardAtMs + this.#patience.silentMs(heartbeatMs) - this.#platform.now();
    this.#timer = this.#platform.setTimeout(() => {
      if (this.#platform.now() - this.#heardAtMs >= this.#patience.silentMs(heartbeatMs)) this.close(CLOSE_SILENT, "silent");
      else this.#watchSilence(heartbeatMs);
    }, leftMs);
  }

  /**
   * Notes the end.
   *
   * @param {number} code
   * @param {string} reason
   */
  end(code, reason) {
    if (this.ended) return;
    this.ended = true;
    this.#platform.clearTimeout(this.#timer);
    this.#listener.onClose({ code, reason });
  }
}

/**
 * @param {string} text
 * @returns {any} the message; null for what is none
 */
function parse(text) {
  try {
    const message = JSON.parse(text);
    return message !== null && typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}
