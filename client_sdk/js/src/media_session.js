/**
 * One WebRTC session kept alive: offers, waits while the doors are closed, comes back after a loss.
 *
 * States: `connecting` → `connected`; `waiting` (409: the doors are closed or nothing is on);
 * `reconnecting`; and for good: `failed` (with `error`) and `stopped`.
 */

import { Emitter } from "./emitter.js";
import { asShowcallerError } from "./errors.js";
import { backoffMs } from "./reconnect.js";
import { deleteResource, gatheredOffer, postOffer } from "./signalling.js";

const GATHERING_MS = 1_000;
const CONNECT_DEADLINE_MS = 12_000;
const DISCONNECTED_GRACE_MS = 3_000; // ICE often recovers by itself

/**
 * @typedef {"connecting" | "connected" | "waiting" | "reconnecting" | "failed" | "stopped"} MediaState
 *
 * @typedef {object} MediaStatus
 * @property {MediaState} state
 * @property {number | null} retryAtMs `Date.now()` at which the next try begins
 * @property {import("./errors.js").ShowcallerError | null} error the newest, while not connected
 *
 * @typedef {object} MediaEvents
 * @property {MediaStatus} status
 *
 * @typedef {object} MediaOptions
 * @property {string} url where to POST the offer
 * @property {() => string} token the newest token
 * @property {(peer: RTCPeerConnection) => void | Promise<void>} prepare adds the tracks to offer
 * @property {(sdp: string) => string} [adjustAnswer] last word on the server's answer
 */

/** @extends {Emitter<MediaEvents>} */
export class MediaSession extends Emitter {
  /** @type {MediaStatus} */
  status = { state: "connecting", retryAtMs: null, error: null };
  /** @type {RTCPeerConnection | null} */
  peer = null;

  #options;
  /** @type {string | null} */
  #resource = null;
  #attempt = 0;
  #round = 0; // what belongs to an earlier try finds another number here
  #abort = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #leave = () => this.stop();

  /** @param {MediaOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    addEventListener("pagehide", this.#leave);
    void this.#connect("connecting");
  }

  /** Leaves, for good. */
  stop() {
    removeEventListener("pagehide", this.#leave);
    this.#release();
    this.#set("stopped");
  }

  /** Connects anew, soon: with full jitter, since the whole audience may do the same. */
  reconnect() {
    if (this.status.state === "stopped") return;
    this.#attempt = 0;
    this.#comeBack(null);
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.peer === null ? null : this.peer.getStats();
  }

  /** @param {MediaState} state */
  async #connect(state) {
    this.#release();
    this.#set(state, this.status.error);
    const round = this.#round;
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.peer = peer;
    peer.onconnectionstatechange = () => this.#watch(peer, round);
    this.#timer = setTimeout(() => this.#comeBack(null), CONNECT_DEADLINE_MS);
    try {
      await this.#negotiate(peer, round);
    } catch (error) {
      if (round === this.#round) this.#refused(asShowcallerError(error));
    }
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {number} round
   */
  async #negotiate(peer, round) {
    const { url, token, prepare, adjustAnswer = (sdp) => sdp } = this.#options;
    await prepare(peer);
    const offer = await gatheredOffer(peer, GATHERING_MS);
    if (round !== this.#round) return;
    const { sdp, resource } = await postOffer(url, token(), offer, this.#abort.signal);
    if (round !== this.#round) return void deleteResource(resource, token());
    this.#resource = resource;
    await peer.setRemoteDescription({ type: "answer", sdp: adjustAnswer(sdp) });
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {number} round
   */
  #watch(peer, round) {
    if (round !== this.#round) return;
    if (peer.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#set("connected");
    } else if (peer.connectionState === "disconnected") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#comeBack(null), DISCONNECTED_GRACE_MS);
    } else if (peer.connectionState === "failed") {
      this.#comeBack(null);
    }
  }

  /** @param {import("./errors.js").ShowcallerError} error */
  #refused(error) {
    if (error.status === 409 && error.retryAfterMs !== null) {
      this.#tryIn(error.retryAfterMs, "waiting", error);
    } else if (error.retry) {
      this.#comeBack(error);
    } else {
      this.#release();
      this.#set("failed", error);
    }
  }

  /** @param {import("./errors.js").ShowcallerError | null} error */
  #comeBack(error) {
    const delayMs = error?.retryAfterMs ?? backoffMs(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#tryIn(delayMs, "reconnecting", error);
  }

  /**
   * @param {number} delayMs
   * @param {MediaState} state
   * @param {import("./errors.js").ShowcallerError | null} error
   */
  #tryIn(delayMs, state, error) {
    this.#release();
    this.#set(state, error, Date.now() + delayMs);
    this.#timer = setTimeout(() => void this.#connect(state), delayMs);
  }

  #release() {
    this.#round += 1;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    if (this.#resource !== null) deleteResource(this.#resource, this.#options.token());
    this.#resource = null;
    this.peer?.close();
    this.peer = null;
  }

  /**
   * @param {MediaState} state
   * @param {MediaStatus["error"]} [error]
   * @param {number | null} [retryAtMs]
   */
  #set(state, error = null, retryAtMs = null) {
    this.status = { state, error, retryAtMs };
    this.emit("status", this.status);
  }
}
