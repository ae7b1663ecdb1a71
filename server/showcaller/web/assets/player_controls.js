/** The row below the picture: sound, volume, picture in picture, full screen with the questions at hand. */

import { byId, setAttribute, show } from "./dom.js";
import { inBrowser } from "./remember.js";
import { say } from "./words.js";

const KEPT_AS = "showcaller:volume";

export class PlayerControls {
  #video;
  #volume = byId("volume", HTMLInputElement);
  /** Pictures begin without sound: until it was turned on once, one large button asks for it. */
  #silentYet = true;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
    this.#volume.value = inBrowser.get(KEPT_AS) ?? "100";
    video.volume = this.#volume.valueAsNumber / 100;
    byId("sound").addEventListener("click", () => this.#toggleSound());
    byId("unmute").addEventListener("click", () => {
      this.#toggleSound();
      this.offer(true);
      byId("sound").focus();
    });
    this.#volume.addEventListener("input", () => this.#setVolume());
    video.addEventListener("volumechange", () => this.#showSound());
    byId("full").addEventListener("click", () => void toggleFullScreen());
    byId("pip").addEventListener("click", () => void this.#togglePictureInPicture());
    show(byId("pip"), document.pictureInPictureEnabled === true);
    show(byId("full"), document.fullscreenEnabled === true);
    byId("beside").addEventListener("click", toggleQuestions);
    document.addEventListener("fullscreenchange", showFullScreen);
    this.#showSound();
  }

  /** @param {boolean} heard whether there is something to hear */
  offer(heard) {
    if (!this.#video.muted) this.#silentYet = false;
    show(byId("controls"), heard);
    show(byId("unmute"), heard && this.#silentYet);
    show(byId("sound"), !this.#silentYet);
  }

  #toggleSound() {
    this.#video.muted = !this.#video.muted;
    if (!this.#video.muted && this.#video.volume === 0) this.#video.volume = 1;
    void this.#video.play().catch(() => {});
  }

  #setVolume() {
    this.#video.volume = this.#volume.valueAsNumber / 100;
    this.#video.muted = this.#video.volume === 0;
    inBrowser.set(KEPT_AS, this.#volume.value);
  }

  #showSound() {
    const { muted, volume } = this.#video;
    const name = muted ? say("Turn sound on") : say("Turn sound off");
    byId("sound").dataset.muted = String(muted);
    setAttribute(byId("sound"), "aria-label", name);
    setAttribute(byId("sound"), "title", name);
    if (!muted) this.#volume.value = String(Math.round(volume * 100));
  }

  async #togglePictureInPicture() {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.#video.requestPictureInPicture();
    } catch {
      // There is no picture yet: the poster says so.
    }
  }
}

/** The whole page fills the screen, so that toasts, announcements and questions stay on it. */
async function toggleFullScreen() {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen().catch(() => {});
}

function showFullScreen() {
  const full = document.fullscreenElement !== null;
  const name = full ? say("Leave full screen") : say("Full screen");
  setAttribute(byId("full"), "aria-label", name);
  setAttribute(byId("full"), "title", name);
  show(byId("beside"), full);
  document.documentElement.toggleAttribute("data-full", full);
}

function toggleQuestions() {
  const beside = byId("beside").getAttribute("aria-pressed") !== "true";
  setAttribute(byId("beside"), "aria-pressed", String(beside));
  document.documentElement.toggleAttribute("data-alone", !beside);
}
