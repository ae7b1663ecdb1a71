/** The picture of a stage: connects while something is on it, and tells how that goes. */

import { viewerFigures, watch } from "/sdk/index.js";

import { errorText } from "./error_text.js";

const LOOK_EVERY_MS = 1000;
const STILL_AFTER_LOOKS = 3; // the server needs up to 10 s to be sure that a speaker has vanished

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").StageState} StageState
 */

export class StageVideo {
  /** @type {import("/sdk/index.js").Watcher | null} */
  #watcher = null;
  #stage = "";
  #client;
  #event;
  #video;
  #onChange;
  #bytes = 0; // received until the last look
  #looksWithoutBytes = 0;

  /**
   * @param {string} event
   * @param {ShowcallerClient} client
   * @param {HTMLVideoElement} video
   * @param {() => void} onChange
   */
  constructor(event, client, video, onChange) {
    this.#event = event;
    this.#client = client;
    this.#video = video;
    this.#onChange = onChange;
    for (const name of ["playing", "waiting", "emptied", "volumechange"]) video.addEventListener(name, onChange);
    setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** @param {StageState | undefined} stage as the agenda has it now */
  show(stage) {
    const wanted = stage?.session ? stage.id : "";
    if (wanted !== this.#stage) this.#turnTo(wanted);
    if (stage) this.#watcher?.follow(stage.generation);
  }

  /** @returns {import("./poster_model.js").Picture} */
  get picture() {
    const status = this.#watcher?.status;
    const playing = this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    const problem = status?.error ? errorText(status.error) : "";
    return { state: status?.state ?? null, playing, still: this.#looksWithoutBytes >= STILL_AFTER_LOOKS, problem };
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
    this.#video.srcObject = null;
    if (stage) {
      const token = () => this.#client.token;
      this.#watcher = watch({ event: this.#event, stage, token, video: this.#video });
      this.#watcher.on("status", () => this.#changed());
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
    if (this.picture.still !== wasStill) this.#onChange();
  }

  #changed() {
    // Autoplay needs no gesture while muted; where it is refused, the button that turns sound on plays.
    if (this.picture.state === "connected") this.#video.play().catch(() => {});
    this.#onChange();
  }
}
