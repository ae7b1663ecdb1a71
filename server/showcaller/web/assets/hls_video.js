/** HLS in a video element: by hls.js, or by the browser itself. Times are server times, of what was filmed then. */

import { loadHlsJs } from "./hls_js.js";
import { momentAt, secondsAt } from "./playing_model.js";
import { say } from "./words.js";

const NATIVE = "application/vnd.apple.mpegurl";
const BEFORE_END_S = 0.5; // at the very end there is nothing to be shown
const AGAIN_MS = 2_000;
const TRIES = 5; // in a row, without a picture between them

/** @type {Partial<import("hls.js").HlsConfig>} */
const CONFIG = {
  enableWorker: false, // there is nothing to transmux, and the pages' policy lets none be made
  lowLatencyMode: true,
  liveSyncDuration: 1.5, // closer than that, each hiccup of a line is a freeze
  maxLiveSyncPlaybackRate: 1.1,
  backBufferLength: 60,
  // Captions are the page's own (`captions.js`): the playlist's would stand there twice.
  enableWebVTT: false,
  enableIMSC1: false,
  enableCEA708Captions: false,
  enableID3MetadataCues: false,
  enableEmsgMetadataCues: false,
  enableDateRangeMetadataCues: false,
};

/**
 * @typedef {import("hls.js").default} Hls
 * @typedef {import("./playing_model.js").Stretch} Stretch
 *
 * @typedef {object} Opening
 * @property {boolean} live
 * @property {number | null} atMs server time to begin at; null: what is live, or the beginning
 * @property {boolean} plays whether it begins to play by itself
 * @property {number | null} [firstMs] server time of its first picture, where that is known: not every browser tells
 */

export class HlsVideo {
  #video;
  #onChange;
  /** @type {Hls | null} */
  #hls = null;
  #address = "";
  /** @type {Opening} */
  #opening = { live: true, atMs: null, plays: true };
  #begun = false;
  /** @type {readonly Stretch[]} */
  #stretches = [];
  #failures = 0;
  /** Why nothing can be played; empty: it can. */
  problem = "";
  /** Whether this browser plays none at all. */
  unplayable = false;
  /** Whether the address is good no longer: there may be another one. */
  expired = false;
  #layer = "auto";

  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} onChange
   */
  constructor(video, onChange) {
    this.#video = video;
    this.#onChange = onChange;
    video.addEventListener("loadeddata", () => this.#begin());
    video.textTracks.addEventListener("addtrack", ({ track }) => track && (track.mode = "disabled"));
  }

  get open() {
    return this.#address !== "";
  }

  /**
   * @param {string} address of a multivariant playlist
   * @param {Opening} opening
   */
  start(address, opening) {
    this.close();
    this.#address = address;
    this.#opening = opening;
    this.#begun = false;
    void this.#attach(address);
  }

  close() {
    if (!this.open) return;
    this.#address = "";
    this.#stretches = [];
    this.problem = "";
    this.expired = false;
    this.#hls?.destroy();
    this.#hls = null;
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** Whether there is a picture; one that comes from somewhere else in it is no reason to show none. */
  get shows() {
    return this.open && this.#begun;
  }

  /** Server time of what is shown; null: nothing is. */
  get momentMs() {
    if (!this.shows) return null;
    return momentAt(this.#hls ? this.#stretches : this.#nativeStretches(), this.#video.currentTime);
  }

  /** What one can go to, in the video's own time. */
  get range() {
    const { seekable, currentTime } = this.#video;
    if (!this.open || seekable.length === 0) return { startS: 0, endS: 0 };
    const startS = this.#stretches[0]?.startS ?? seekable.start(0);
    const endS = this.#opening.live ? Math.max(this.#liveS(), currentTime) : seekable.end(seekable.length - 1);
    return { startS, endS };
  }

  /** @param {number} seconds in the video's own time */
  goTo(seconds) {
    const { startS, endS } = this.range;
    this.#video.currentTime = Math.min(Math.max(seconds, startS), Math.max(startS, endS - BEFORE_END_S));
  }

  /** @param {number} ms server time */
  goToMoment(ms) {
    this.goTo(secondsAt(this.#hls ? this.#stretches : this.#nativeStretches(), ms));
  }

  goLive() {
    this.#opening = { ...this.#opening, atMs: null };
    this.#video.currentTime = this.#liveS();
    void this.#video.play().catch(() => {});
  }

  /** @param {import("/sdk/whep.js").Layer} layer */
  choose(layer) {
    this.#layer = layer;
    if (this.#hls) this.#hls.currentLevel = levelOf(this.#hls, layer);
  }

  /** Frames that came too late to be shown. */
  get droppedFrames() {
    return this.#video.getVideoPlaybackQuality().droppedVideoFrames;
  }

  /** @param {string} address */
  async #attach(address) {
    const Hls = await loadHlsJs();
    if (address !== this.#address) return;
    // Autoplay needs no gesture while muted; where it is refused, the button plays.
    if (this.#opening.plays) void this.#video.play().catch(() => {});
    if (Hls) this.#byHlsJs(Hls, address);
    else if (this.#video.canPlayType(NATIVE)) this.#video.src = address;
    else this.#fail(say("This browser can’t play it. Another browser may."), { unplayable: true });
  }

  /**
   * @param {import("./hls_js.js").HlsClass} Hls
   * @param {string} address
   */
  #byHlsJs(Hls, address) {
    const hls = new Hls(CONFIG);
    this.#hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.choose(/** @type {import("/sdk/whep.js").Layer} */ (this.#layer)));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => this.#told(details.fragments));
    hls.on(Hls.Events.ERROR, (_, { fatal, type, response }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR && this.#failures++ < TRIES) hls.recoverMediaError();
      else this.#comeBack(response?.code ?? 0);
    });
    hls.loadSource(address);
    hls.attachMedia(this.#video);
  }

  /** @param {readonly import("hls.js").MediaFragment[]} fragments */
  #told(fragments) {
    this.#stretches = fragments.flatMap(({ start, duration, programDateTime }) =>
      programDateTime === null ? [] : [{ startS: start, lastsS: duration, atMs: programDateTime }],
    );
    this.#onChange();
  }

  /** Once there is a picture, goes to where it is to begin: hls.js begins by itself at what is live, or at the beginning. */
  #begin() {
    this.#failures = 0;
    const { atMs, plays } = this.#opening;
    if (!this.open || this.#begun) return;
    this.#begun = true;
    if (atMs !== null) this.goToMoment(atMs);
    if (!plays) this.#video.pause();
  }

  /** Where it broke, again: an address may have expired, a network been away. @param {number} status */
  #comeBack(status) {
    const address = this.#address;
    this.#failures += 1;
    if (status === 403 || status === 404 || this.#failures > TRIES) return this.#fail(say("It can’t be played right now."), { expired: status === 403 });
    const atMs = this.#opening.live && this.#opening.atMs === null ? null : this.momentMs ?? this.#opening.atMs;
    const plays = !this.#video.paused;
    setTimeout(() => address === this.#address && this.start(address, { ...this.#opening, atMs, plays }), AGAIN_MS);
    return undefined;
  }

  /**
   * @param {string} problem
   * @param {{unplayable?: boolean, expired?: boolean}} kind
   */
  #fail(problem, { unplayable = false, expired = false }) {
    this.problem = problem;
    this.unplayable = unplayable;
    this.expired = expired;
    this.#onChange();
  }

  #liveS() {
    const { seekable } = this.#video;
    return this.#hls?.liveSyncPosition ?? (seekable.length > 0 ? seekable.end(seekable.length - 1) : 0);
  }

  /** @returns {readonly Stretch[]} as the browser knows it: as if nothing were left out */
  #nativeStretches() {
    const video = /** @type {HTMLVideoElement & {getStartDate?: () => Date}} */ (this.#video);
    const atMs = video.getStartDate?.().getTime() ?? this.#opening.firstMs ?? NaN;
    return Number.isNaN(atMs) ? [] : [{ startS: 0, lastsS: Infinity, atMs }];
  }
}

/**
 * @param {Hls} hls
 * @param {import("/sdk/whep.js").Layer} layer
 * @returns {number} its level of that quality; -1: as the line allows
 */
function levelOf({ levels }, layer) {
  if (layer === "auto") return -1;
  const wanted = layer === "none" ? levels.filter(({ height }) => !height) : levels.filter(({ height }) => height);
  const inOrder = wanted.sort((a, b) => a.bitrate - b.bitrate);
  const found = layer === "high" ? inOrder.at(-1) : inOrder[0];
  return found ? levels.indexOf(found) : -1;
}
