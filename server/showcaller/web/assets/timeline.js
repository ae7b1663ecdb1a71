/** The row below the picture for what is not live at once: the place in it, and the ways back and forth. */

import { byId, setAttribute, setText, show } from "./dom.js";
import { lengthText, timelineOf } from "./playing_model.js";
import { say } from "./words.js";

const BACK_MS = 10_000;

/** @typedef {import("./stage_player.js").StagePlayer} StagePlayer */

export class Timeline {
  #player;
  #video;
  #position = byId("position", HTMLInputElement);
  #slides = false; // somebody holds it

  /**
   * @param {StagePlayer} player
   * @param {HTMLVideoElement} video
   */
  constructor(player, video) {
    this.#player = player;
    this.#video = video;
    byId("play").addEventListener("click", () => (video.paused ? void video.play().catch(() => {}) : video.pause()));
    byId("back").addEventListener("click", () => player.goBack(BACK_MS));
    byId("to-live").addEventListener("click", () => {
      player.goLive();
      byId("back").focus();
    });
    byId("speed").addEventListener("change", () => this.render(true));
    this.#position.addEventListener("input", () => this.#slide());
    this.#position.addEventListener("change", () => this.#leaveSlide());
  }

  /** @param {boolean} recorded whether one can go back in what is live */
  render(recorded) {
    const { range, why, way, behindMs } = this.#player;
    const replay = this.#player.replay !== null;
    const atS = this.#slides ? this.#position.valueAsNumber : this.#video.currentTime;
    const view = timelineOf({ replay, why, recorded, range, atS, behindMs }, way);
    show(byId("timeline"), view.shown);
    show(byId("play"), view.slides);
    show(this.#position, view.slides);
    show(byId("to-live"), view.toLive);
    show(byId("copy-moment"), replay);
    show(byId("speed-box"), replay);
    if (replay) this.#video.playbackRate = Number(byId("speed", HTMLSelectElement).value);
    setText(byId("position-text"), view.text);
    setText(byId("behind"), view.pill);
    byId("behind").dataset.tone = replay ? "" : way === "webrtc" ? "live" : "wait";
    setText(byId("timeline-note"), view.note || this.#player.refusal);
    this.#renderPlay();
    if (view.slides) this.#renderPosition(range, atS);
  }

  #renderPlay() {
    const name = this.#video.paused ? say("Play") : say("Pause");
    byId("play").dataset.paused = String(this.#video.paused);
    setAttribute(byId("play"), "aria-label", name);
    setAttribute(byId("play"), "title", name);
  }

  /**
   * @param {{startS: number, endS: number}} range
   * @param {number} atS
   */
  #renderPosition({ startS, endS }, atS) {
    setAttribute(this.#position, "min", String(Math.floor(startS)));
    setAttribute(this.#position, "max", String(Math.max(Math.floor(startS) + 1, Math.ceil(endS))));
    setAttribute(this.#position, "aria-valuetext", say("{at} of {length}", { at: lengthText(atS - startS), length: lengthText(endS - startS) }));
    if (!this.#slides) this.#position.value = String(atS);
  }

  #slide() {
    this.#slides = true;
    this.render(true);
  }

  #leaveSlide() {
    this.#slides = false;
    this.#player.goTo(this.#position.valueAsNumber);
  }
}
