/** A link over a WebSocket. */

import { liveUrl } from "./http.js";
import { Link } from "./link.js";

const SUBPROTOCOL = "showcaller.v1+json";

export class SocketLink extends Link {
  #socket;

  /**
   * @param {import("./link.js").Hello} hello
   * @param {import("./link.js").LinkListener} listener
   * @param {import("./reconnect.js").Patience} patience
   * @param {import("./platform.js").Platform} platform
   */
  constructor({ place, token, client }, listener, patience, platform) {
    super(listener, patience, platform);
    this.#socket = new platform.WebSocket(liveUrl(place), [SUBPROTOCOL]);
    this.#socket.onopen = () => {
      this.opened = true;
      this.send({ op: "hello", token, client });
    };
    this.#socket.onmessage = ({ data }) => this.receive(String(data));
    this.#socket.onclose = ({ code, reason }) => this.end(code, reason);
  }

  /** @param {Record<string, any>} message */
  send(message) {
    if (!this.ended) this.#socket.send(JSON.stringify(message));
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  cut(code, reason) {
    // A page may only send 1000 or 3000–4999 (WHATWG WebSockets, close()).
    this.#socket.close(code < 3000 ? 1000 : code, reason);
  }
}

/**
 * Finds out whether a WebSocket would open.
 *
 * @param {import("./http.js").Place} place
 * @param {() => void} opens called if it does
 * @param {import("./platform.js").Platform} platform
 */
export function tryWebSocket(place, opens, platform) {
  const socket = new platform.WebSocket(liveUrl(place), [SUBPROTOCOL]);
  socket.onopen = () => {
    socket.close(1000);
    opens();
  };
}
