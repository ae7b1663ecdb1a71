/**
 * One WebRTC session kept alive: offers, waits while the doors are closed, comes back after a loss. When
 * its path breaks or the network changes it restarts ICE first, which costs no keyframe and no place. An
 * offer that no server has answered is sent again: only what was answered and lost needs a new connection.
 *
 * States: `connecting` → `connected`; `waiting` (409: the doors are closed or nothing is on);
 * `reconnecting`; and for good: `failed` (with `error`) and `stopped`.
 */

import { Emitter } from "./emitter.js";
import { asShowcallerError } from "./errors.js";
import { restartFragment, restartedAnswer } from "./ice_restart.js";
import { backoffMs } from "./reconnect.js";
import { deleteResource, findResource, gatheredOffer, patchRestart, postOffer } from "./signalling.js";

const GATHERING_MS = 1_000;
const CONNECT_DEADLINE_MS = 12_000;
const DIRECT_DEADLINE_MS = 3_000; // then by the TURN servers, if there are any
const RESTART_DEADLINE_MS = 6_000; // then a new connection is tried
const RESTART_AGAIN_MS = 500; // while the server is out of reach
const OFFER_KEPT_MS = 30_000; // its addresses grow old
const WAY_FOUND = new Set(["connected", "completed"]); // states of ICE

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
  /** @type {RTCIceServer[]} */
  #iceServers = [];
  #restarting = false;
  #attempt = 0;
  #round = 0; // what belongs to an earlier try finds another number here
  /** The offer of `peer` that no server has answered. @type {{sdp: string, madeAtMs: number} | null} */
  #unanswered = null;
  #abort = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #leave = () => this.stop();
  #networkChanged = () => {
    if (this.#unanswered) this.#unanswered.madeAtMs = -Infinity;
    void this.#restart();
  };

  /** @param {MediaOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#networkChanged);
    void this.#connect("connecting");
  }

  /** The address of what runs now at the server; null while there is nothing. */
  get resource() {
    return this.#resource;
  }

  /** The server's id of it. */
  get id() {
    return this.#resource?.split("/").pop() ?? null;
  }

  /** Leaves, for good. */
  stop() {
    removeEventListener("pagehide", this.#leave);
    removeEventListener("online", this.#networkChanged);
    this.#release();
    this.#set("stopped");
  }

  /** Connects anew, soon: with full jitter, since the whole audience may do the same. */
  reconnect() {
    if (this.status.state === "stopped") return;
    this.#attempt = 0;
    this.#release();
    this.#comeBack(null);
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.peer === null ? null : this.peer.getStats();
  }

  /** @param {MediaState} state */
  async #connect(state) {
    const kept = this.#unanswered !== null && Date.now() - this.#unanswered.madeAtMs < OFFER_KEPT_MS;
    if (kept) this.#endRound();
    else this.#release();
    this.#set(state, this.status.error);
    const round = this.#round;
    this.#within(CONNECT_DEADLINE_MS);
    try {
      const peer = (kept && this.peer) || this.#open();
      await this.#negotiate(peer, round);
    } catch (error) {
      if (round === this.#round) this.#refused(asShowcallerError(error));
    }
  }

  #open() {
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers: this.#iceServers });
    this.peer = peer;
    peer.onconnectionstatechange = () => peer === this.peer && this.#watch(peer);
    return peer;
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {number} round
   */
  async #negotiate(peer, round) {
    const { url, token, adjustAnswer = (sdp) => sdp } = this.#options;
    const offer = this.#unanswered?.sdp ?? (await this.#offer(peer));
    if (round !== this.#round) return;
    const { sdp, resource, iceServers } = await postOffer(url, token(), offer, this.#abort.signal);
    if (round !== this.#round) return void deleteResource(resource, token());
    this.#unanswered = null;
    this.#resource = resource;
    this.#within(CONNECT_DEADLINE_MS); // a server that was slow to answer takes nothing of it
    this.opened(resource);
    this.#noteServers(peer, iceServers);
    await peer.setRemoteDescription({ type: "answer", sdp: adjustAnswer(sdp) });
  }

  /**
   * @param {RTCPeerConnection} peer
   * @returns {Promise<string>}
   */
  async #offer(peer) {
    await this.#options.prepare(peer);
    const sdp = await gatheredOffer(peer, GATHERING_MS);
    if (peer === this.peer) this.#unanswered = { sdp, madeAtMs: Date.now() };
    return sdp;
  }

  /**
   * The way to the server is direct as a rule; TURN servers are for those who do not come through. Who has
   * found the way and is only slow to agree on keys stays on it.
   *
   * @param {RTCPeerConnection} peer
   * @param {RTCIceServer[]} servers
   */
  #noteServers(peer, servers) {
    if (this.#iceServers.length > 0) {
      this.#iceServers = servers; // their passwords end
    } else if (servers.length > 0) {
      this.#within(DIRECT_DEADLINE_MS, () => {
        if (WAY_FOUND.has(peer.iceConnectionState)) return this.#within(CONNECT_DEADLINE_MS);
        this.#iceServers = servers;
        this.#comeBack(null);
      });
    }
  }

  /**
   * Does the next thing after this time, unless something else comes first: begins anew.
   *
   * @param {number} delayMs
   * @param {() => void} [next]
   */
  #within(delayMs, next = () => this.#comeBack(null)) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(next, delayMs);
  }

  /** A new session with the server has begun. @param {string} _resource its address */
  opened(_resource) {}

  /** @param {RTCPeerConnection} peer */
  #watch(peer) {
    if (peer.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#set("connected");
    } else if (peer.connectionState === "disconnected") {
      void this.#restart();
    } else if (peer.connectionState === "failed") {
      this.#comeBack(null);
    }
  }

  /**
   * For when nothing comes any more: a server's process that died says no goodbye, and browsers take
   * seconds to notice. Connects anew if the session has ended.
   */
  async check() {
    const round = this.#round;
    if (this.#resource === null || this.status.state !== "connected") return;
    try {
      await findResource(this.#resource, this.#options.token(), this.#abort.signal);
    } catch (error) {
      if (round === this.#round && asShowcallerError(error).status === 404) this.#comeBack(null);
    }
  }

  /** Another path to the same session; if there is none in time, a new session. */
  async #restart() {
    const { peer } = this;
    const round = this.#round;
    if (peer === null || this.#restarting || this.status.state !== "connected") return;
    this.#restarting = true;
    this.#within(RESTART_DEADLINE_MS, () => peer.connectionState !== "connected" && this.#comeBack(null));
    try {
      await this.#exchangeCredentials(peer, round);
    } catch {
      if (round !== this.#round) return;
      if (peer.connectionState !== "connected") this.#comeBack(null);
      else await peer.setLocalDescription({ type: "rollback" }).catch(() => {});
    } finally {
      if (round === this.#round) this.#restarting = false;
    }
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {number} round
   */
  async #exchangeCredentials(peer, round) {
    const answer = peer.currentRemoteDescription?.sdp ?? "";
    const fragment = restartFragment(await gatheredOffer(peer, GATHERING_MS, { iceRestart: true }));
    const theirs = await this.#patch(fragment, round);
    if (round !== this.#round) return;
    await peer.setRemoteDescription({ type: "answer", sdp: restartedAnswer(answer, theirs) });
  }

  /**
   * Again and again while the network is away; `#release` ends it.
   *
   * @param {string} fragment
   * @param {number} round
   * @returns {Promise<string>}
   */
  async #patch(fragment, round) {
    for (;;) {
      try {
        return await patchRestart(this.#resource ?? "", this.#options.token(), fragment, this.#abort.signal);
      } catch (error) {
        if (round !== this.#round || asShowcallerError(error).code !== "unreachable") throw error;
        await new Promise((resolve) => setTimeout(resolve, RESTART_AGAIN_MS));
      }
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
    if (this.#unanswered === null) this.#release();
    else this.#endRound();
    this.#set(state, error, Date.now() + delayMs);
    this.#within(delayMs, () => void this.#connect(state));
  }

  /** Ends the connection and all that belongs to it. */
  #release() {
    this.#endRound();
    this.#unanswered = null;
    this.peer?.close();
    this.peer = null;
  }

  /** Ends a try. An offer that nobody has answered stays for the next one. */
  #endRound() {
    this.#round += 1;
    this.#restarting = false;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    if (this.#resource !== null) deleteResource(this.#resource, this.#options.token());
    this.#resource = null;
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
