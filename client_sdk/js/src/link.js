/**
 * One WebSocket connection from its opening to its end: `hello`, `welcome`, messages, silence.
 * It ends once, with a close code; whether to come back is not its business.
 */

const SUBPROTOCOL = "showcaller.v1+json";
const CLOSE_ABNORMAL = 1006;
const CLOSE_SILENT = 4001;

/**
 * @typedef {import("./reconnect.js").Patience} Patience
 *
 * @typedef {object} LinkListener
 * @property {(welcome: import("./types.js").Welcome) => void} onWelcome
 * @property {(message: import("./types.js").ServerMessage) => void} onMessage
 * @property {(close: {code: number, reason: string}) => void} onClose
 */

export class Link {
  #platform;
  #listener;
  #patience;
  #socket;
  #heardAtMs;
  /** @type {any} */
  #timer;
  #ended = false;
  #welcomed = false;

  /**
   * @param {{url: string, token: string, client: string}} hello
   * @param {LinkListener} listener
   * @param {Patience} patience
   * @param {import("./platform.js").Platform} platform
   */
  constructor({ url, token, client }, listener, patience, platform) {
    this.#platform = platform;
    this.#listener = listener;
    this.#patience = patience;
    this.#heardAtMs = platform.now();
    this.#socket = new platform.WebSocket(url, [SUBPROTOCOL]);
    this.#socket.onopen = () => this.send({ op: "hello", token, client });
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
    this.#timer = platform.setTimeout(() => this.close(), patience.welcomeMs);
  }

  /** @param {Record<string, any>} message */
  send(message) {
    if (!this.#ended) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Ends the link now, without waiting for the other side.
   *
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code = CLOSE_ABNORMAL, reason = "") {
    if (this.#ended) return;
    this.#end(code, reason);
    // A page may only send 1000 or 3000–4999 (WHATWG WebSockets, close()).
    this.#socket.close(code < 3000 ? 1000 : code, reason);
  }

  /** The time at which anything last came from the server. */
  get heardAtMs() {
    return this.#heardAtMs;
  }

  /** @param {unknown} data */
  #receive(data) {
    const message = parse(data);
    if (this.#ended || message === null) return;
    this.#heardAtMs = this.#platform.now();
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
   * @param {number} code
   * @param {string} reason
   */
  #end(code, reason) {
    if (this.#ended) return;
    this.#ended = true;
    this.#platform.clearTimeout(this.#timer);
    this.#listener.onClose({ code, reason });
  }
}

/**
 * @param {unknown} data
 * @returns {any} the message; null for what is none
 */
function parse(data) {
  try {
    const message = JSON.parse(String(data));
    return message !== null && typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}
