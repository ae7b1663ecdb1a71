/**
 * Mute and camera off. The tracks stay and go on as silence and black, so nothing is negotiated anew: it works
 * at once, in the green room and on air.
 */

import { byId, setAttribute, setText, show } from "./dom.js";
import { say } from "./words.js";

export class SourceSwitches {
  #stream;
  #muted = false;
  #dark = false;

  /** @param {() => MediaStream} stream the one that is sent, whose tracks may change */
  constructor(stream) {
    this.#stream = stream;
    byId("mute").addEventListener("click", () => this.#set(!this.#muted, this.#dark));
    byId("dark").addEventListener("click", () => this.#set(this.#muted, !this.#dark));
  }

  get muted() {
    return this.#muted;
  }

  /** What is switched off stays off on other tracks. */
  apply() {
    const stream = this.#stream();
    for (const track of stream.getAudioTracks()) track.enabled = !this.#muted;
    for (const track of stream.getVideoTracks()) track.enabled = !this.#dark;
    show(byId("switches"), stream.getTracks().length > 0);
    switchTo("mute", this.#muted, this.#muted ? say("Unmute") : say("Mute"));
    switchTo("dark", this.#dark, this.#dark ? say("Camera on") : say("Camera off"));
    show(byId("preview-dark"), this.#dark && stream.getVideoTracks().length > 0);
    setText(byId("source-note"), [this.#muted && say("You are muted."), this.#dark && say("Your camera is off.")].filter(Boolean).join(" "));
  }

  /**
   * @param {boolean} muted
   * @param {boolean} dark
   */
  #set(muted, dark) {
    this.#muted = muted;
    this.#dark = dark;
    this.apply();
  }
}

/**
 * @param {string} id of a button
 * @param {boolean} off
 * @param {string} text what a press does
 */
function switchTo(id, off, text) {
  byId(id).dataset.off = String(off);
  setText(/** @type {Element} */ (byId(id).lastElementChild), text);
  setAttribute(byId(id), "title", text);
}
