/** The picture of a stage: connects while something is on it, and tells how that goes. */

import { viewerFigures, watch } from "/sdk/index.js";

import { errorText } from "./error_text.js";

const LOOK_EVERY_MS = 1000;
const ASK_AFTER_LOOKS = 3; // without a new frame: can this browser show what is on the stage?
const STILL_AFTER_LOOKS = 3; // the server needs up to 10 s to be sure that a speaker has vanished

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/whep.js").Layer} Layer
 * @typedef {import("/sdk/types.js").StageState} StageState
 */

/** The element's stream, which is kept while something else is shown there. */
export class DirectPicture {
  #video;
  /** @type {MediaProvider | null} */
  #stream = null;
  #shown = true;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
  }

  get srcObject() {
    return this.#stream;
  }

  set srcObject(stream) {
    this.#stream = stream;
    if (this.#shown) this.#video.srcObject = stream;
  }

  /** @param {boolean} shown */
  show(shown) {
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#video.srcObject = shown ? this.#stream : null;
    this.play();
  }

  /** Autoplay needs no gesture while muted; where it is refused, the button that turns sound on plays. */
  play() {
    if (this.#shown) this.#video.play().catch(() => {});
  }
}

export class StageVideo {
  /** @type {import("/sdk/index.js").Watcher | null} */
  #watcher = null;
  #stage = "";
  #empty = true; // nothing is on the stage
  /** @type {Layer} */
  #layer = "auto";
  #client;
  #event;
  #video;
  #shown;
  #onChange;
  #bytes = 0; // received until the last look
  #looksWithoutBytes = 0;
  #receives = false; // something came since the look before the last
  #frames = 0; // decoded until the last look
  #looksWithoutFrames = 0;
  #unplayable = ""; // what the picture is coded in that this browser lacks

  /**
   * @param {string} event
   * @param {ShowcallerClient} client
   * @param {HTMLVideoElement} video
   * @param {() => void} onChange
   * @param {DirectPicture} shown in the element
   */
  constructor(event, client, video, onChange, shown = new DirectPicture(video)) {
    this.#event = event;
    this.#client = client;
    this.#video = video;
    this.#shown = shown;
    this.#onChange = onChange;
    for (const name of ["playing", "waiting", "emptied", "volumechange"]) video.addEventListener(name, onChange);
    setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /**
   * One connection lasts as long as the stage is watched: talks come and go on it.
   *
   * @param {StageState | undefined} stage as the agenda has it now
   */
  show(stage) {
    const empty = !stage?.session;
    const wanted = stage && (!empty || stage.id === this.#stage) ? stage.id : "";
    if (wanted !== this.#stage) this.#turnTo(wanted);
    if (stage) this.#watcher?.follow(stage.generation);
    if (this.#empty && !empty && this.#watcher?.status.state === "waiting") this.#watcher.reconnect();
    this.#empty = empty;
  }

  /**
   * Which picture to be sent from now on.
   *
   * @param {Layer} layer
   * @returns {Promise<void>} raises ShowcallerError where the server can't
   */
  async choose(layer) {
    this.#layer = layer;
    this.#onChange();
    await this.#watcher?.choose(layer);
  }

  /** @returns {import("./poster_model.js").Picture} */
  get picture() {
    const status = this.#watcher?.status;
    const playing = this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    const problem = status?.error ? errorText(status.error) : "";
    const still = this.#looksWithoutBytes >= STILL_AFTER_LOOKS;
    return { state: status?.state ?? null, playing, still, soundOnly: this.#layer === "none", unplayable: this.#unplayable, problem };
  }

  /** @returns {import("./playing_model.js").Line} */
  get line() {
    const status = this.#watcher?.status;
    return { state: status?.state ?? null, code: status?.error?.code ?? "", receives: this.#receives };
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.#watcher?.stats() ?? null;
  }

  stop() {
    this.#turnTo("");
  }

  /** @param {string} stage */
  #turnTo(stage) {
    this.#stage = stage;
    this.#watcher?.stop();
    this.#watcher = null;
    this.#unplayable = "";
    this.#receives = false;
    this.#shown.srcObject = null;
    if (stage) {
      const token = () => this.#client.token;
      this.#watcher = watch({ event: this.#event, stage, token, video: this.#shown });
      this.#watcher.on("status", () => this.#changed());
      void this.#watcher.choose(this.#layer);
    }
    this.#onChange();
  }

  /** A picture that has stopped looks like one of somebody who sits still: tell them apart. */
  async #look() {
    const report = this.#watcher?.status.state === "connected" ? await this.stats() : null;
    const bytes = report ? viewerFigures(report).bytesReceived : 0;
    const wasStill = this.picture.still;
    this.#looksWithoutBytes = report && bytes === this.#bytes ? this.#looksWithoutBytes + 1 : 0;
    this.#bytes = bytes;
    this.#receives = bytes > 0 && this.#looksWithoutBytes === 0;
    if (report) await this.#askForPicture(viewerFigures(report).framesDecoded);
    const stopped = bytes > 0 && this.#looksWithoutBytes > 0;
    if (stopped && this.#looksWithoutBytes <= STILL_AFTER_LOOKS) void this.#watcher?.check();
    if (this.picture.still !== wasStill) this.#onChange();
  }

  /** @param {number} frames decoded until now */
  async #askForPicture(frames) {
    this.#looksWithoutFrames = frames === this.#frames ? this.#looksWithoutFrames + 1 : 0;
    this.#frames = frames;
    const due = this.#looksWithoutFrames > 0 && this.#looksWithoutFrames % ASK_AFTER_LOOKS === 0;
    if (this.#layer === "none" || (!due && this.#looksWithoutFrames > 0)) return;
    const shown = due ? await this.#watcher?.picture().catch(() => null) : null;
    const unplayable = due && shown === null ? this.#unplayable : shown && !shown.playable ? shown.codec : "";
    if (unplayable === this.#unplayable) return;
    this.#unplayable = unplayable;
    this.#onChange();
  }

  #changed() {
    // Autoplay needs no gesture while muted; where it is refused, the button that turns sound on plays.
    if (this.picture.state === "connected") this.#shown.play();
    else this.#receives = false;
    this.#onChange();
  }
}
