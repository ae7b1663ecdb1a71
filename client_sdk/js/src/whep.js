/** Watching a stage or a session's room by WHEP: PROTOCOL.md §9. */

import { eventUrl } from "./http.js";
import { MediaSession } from "./media_session.js";

/**
 * @typedef {object} WatchOptions
 * @property {string} [url] the server's address; the page's own if left out
 * @property {string} event
 * @property {string} [stage] this, or `session`
 * @property {string} [session]
 * @property {() => string} token the newest token
 * @property {HTMLVideoElement} video shows what comes
 */

export class Watcher extends MediaSession {
  #generation = 0;

  /**
   * The stage's generation, of its StageState: when it grows, this viewer connects again.
   *
   * @param {number} generation
   */
  follow(generation) {
    const grown = this.#generation > 0 && generation > this.#generation;
    this.#generation = Math.max(this.#generation, generation);
    if (grown) this.reconnect();
  }
}

/**
 * Begins to watch; `stop()` ends it.
 *
 * @param {WatchOptions} options
 * @returns {Watcher}
 */
export function watch({ url, event, stage, session, token, video }) {
  const path = stage !== undefined ? `/stages/${stage}/whep` : `/sessions/${session}/whep`;
  return new Watcher({
    url: eventUrl({ url, event }, path),
    token,
    prepare: (peer) => {
      const stream = new MediaStream();
      // Every codec that the browser has: what the stage will carry is not known yet.
      peer.addTransceiver("audio", { direction: "recvonly" });
      peer.addTransceiver("video", { direction: "recvonly" });
      peer.ontrack = ({ track }) => {
        stream.addTrack(track);
        if (video.srcObject !== stream) video.srcObject = stream;
      };
    },
  });
}

/**
 * What a viewer receives, from `getStats()`.
 *
 * @typedef {object} ViewerFigures
 * @property {number} framesDecoded
 * @property {number} framesPerSecond
 * @property {number} width
 * @property {number} height
 * @property {number} packetsLost
 * @property {number} bytesReceived
 * @property {number | null} roundTripMs
 *
 * @param {RTCStatsReport} report
 * @returns {ViewerFigures}
 */
export function viewerFigures(report) {
  const figures = {
    framesDecoded: 0,
    framesPerSecond: 0,
    width: 0,
    height: 0,
    packetsLost: 0,
    bytesReceived: 0,
    /** @type {number | null} */ roundTripMs: null,
  };
  report.forEach((entry) => {
    if (entry.type === "inbound-rtp") {
      figures.packetsLost += entry.packetsLost ?? 0;
      figures.bytesReceived += entry.bytesReceived ?? 0;
    }
    if (entry.type === "inbound-rtp" && entry.kind === "video") {
      figures.framesDecoded = entry.framesDecoded ?? 0;
      figures.framesPerSecond = entry.framesPerSecond ?? 0;
      figures.width = entry.frameWidth ?? 0;
      figures.height = entry.frameHeight ?? 0;
    }
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      figures.roundTripMs = entry.currentRoundTripTime * 1000;
    }
  });
  return figures;
}
