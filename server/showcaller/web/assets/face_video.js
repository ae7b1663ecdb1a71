/** The face of who speaks, beside the slides: a small picture on a connection of its own. */

import { watch } from "/sdk/index.js";

/** @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient */

export class FaceVideo {
  /** @type {import("/sdk/index.js").Watcher | null} */
  #watcher = null;
  #stage = "";
  #event;
  #client;
  #video;

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
    for (const name of ["playing", "emptied"]) video.addEventListener(name, onChange);
  }

  /** @param {string} stage whose slides have a face beside them; empty: none has */
  show(stage) {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#watcher?.stop();
    this.#watcher = null;
    this.#video.srcObject = null;
    if (!stage) return;
    this.#watcher = watch({ event: this.#event, stage, part: "face", token: () => this.#client.token, video: this.#video });
    this.#watcher.on("status", ({ state }) => state === "connected" && this.#video.play().catch(() => {}));
    void this.#watcher.choose("low"); // it is shown small
  }

  get playing() {
    return this.#stage !== "" && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }
}
