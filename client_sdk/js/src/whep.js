/** Watching a stage or a session's room by WHEP: PROTOCOL.md §9. */

import { eventUrl } from "./http.js";
import { MediaSession } from "./media_session.js";
import { getPicture, postLayer } from "./signalling.js";

/**
 * @typedef {{srcObject: MediaProvider | null}} Screen a video element, or what stands for one
 *
 * @typedef {object} WatchOptions
 * @property {string} [url] the server's address; the page's own if left out
 * @property {string} event
 * @property {string} [stage] this, `session` or `publication`
 * @property {string} [part] of the stage: `face` is the picture of who speaks beside slides, without sound
 * @property {string} [session]
 * @property {string} [publication] of the green room: producers only
 * @property {() => string} token the newest token
 * @property {Screen} video shows what comes
 */

/** @typedef {"auto" | "high" | "medium" | "low" | "none"} Layer which picture; `none`: sound only */

export class Watcher extends MediaSession {
  #generation = 0;
  /** @type {Layer} */
  #layer = "auto";
  #hidden = false; // there is a picture, but none that this browser can show
  #token;
  #video;
  #stream = new MediaStream();
  /** @type {MediaStreamTrack[]} */
  #tracks = [];

  /** @param {import("./media_session.js").MediaOptions & {video: Screen}} options */
  constructor({ video, ...options }) {
    super(options);
    this.#token = options.token;
    this.#video = video;
  }

  /**
   * Which picture to be sent, now and after each reconnect; `auto` follows the line.
   *
   * @param {Layer} layer
   * @returns {Promise<void>} raises ShowcallerError where the server can't
   */
  async choose(layer) {
    this.#layer = layer;
    this.#show();
    if (this.resource !== null) await postLayer(this.resource, this.#token(), layer);
  }

  /**
   * @override
   * @param {string} resource
   */
  opened(resource) {
    this.#stream = new MediaStream();
    this.#tracks = [];
    if (this.#layer === "auto") return;
    postLayer(resource, this.#token(), this.#layer).catch(() => {}); // the picture comes all the same
  }

  /**
   * Whether this browser can show what is on the stage. Where it can't, the sound goes on alone. To be asked
   * while no pictures come.
   *
   * @returns {Promise<{codec: string, playable: boolean}>} raises ShowcallerError
   */
  async picture() {
    if (this.resource === null) return { codec: "", playable: true };
    const shown = await getPicture(this.resource, this.#token());
    if (this.#hidden === shown.playable) {
      this.#hidden = !shown.playable;
      this.#show();
    }
    return shown;
  }

  /** @param {MediaStreamTrack} track of the present connection */
  receive(track) {
    this.#tracks.push(track);
    this.#show();
  }

  /** A picture that never comes would keep browsers from playing the sound: then it is left out. */
  #show() {
    for (const track of this.#tracks) {
      if (track.kind === "video" && (this.#layer === "none" || this.#hidden)) this.#stream.removeTrack(track);
      else this.#stream.addTrack(track);
    }
    if (this.#tracks.length > 0 && this.#video.srcObject !== this.#stream) this.#video.srcObject = this.#stream;
  }

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
export function watch({ url, event, token, video, ...what }) {
  const watcher = new Watcher({
    url: eventUrl({ url, event }, `${watched(what)}/whep${what.part ? `?part=${what.part}` : ""}`),
    token,
    video,
    prepare: (peer) => {
      // Every codec that the browser has: what the stage will carry is not known yet.
      if (!what.part) peer.addTransceiver("audio", { direction: "recvonly" });
      peer.addTransceiver("video", { direction: "recvonly" });
      peer.ontrack = ({ track }) => watcher.receive(track);
    },
  });
  return watcher;
}

/** @param {{stage?: string, session?: string, publication?: string}} what */
function watched({ stage, session, publication }) {
  if (publication !== undefined) return `/publications/${publication}`;
  return stage !== undefined ? `/stages/${stage}` : `/sessions/${session}`;
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
