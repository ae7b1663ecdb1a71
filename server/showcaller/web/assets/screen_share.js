/** A speaker's slides: a screen or window, published beside the camera. */

import { publish } from "/sdk/index.js";

import { armButton } from "./armed_button.js";
import { byId, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { say } from "./words.js";

const SHARPEST = { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 15 } };

/** @type {Record<string, string>} */
const SHARE_ERRORS = {
  NotAllowedError: say("No screen was chosen, or the browser was not allowed to share one."),
  NotReadableError: say("The browser could not read that screen. Choose another."),
};

/**
 * @typedef {object} ShareNeeds
 * @property {string} event
 * @property {string} session
 * @property {() => string} token
 * @property {() => void} onChange
 */

export class ScreenShare {
  /** @type {import("/sdk/index.js").MediaSession | null} */
  publication = null;
  #needs;
  #stream = new MediaStream();

  /** @param {ShareNeeds} needs */
  constructor(needs) {
    this.#needs = needs;
    show(byId("slides-card"), "getDisplayMedia" in (navigator.mediaDevices ?? {}));
    byId("share").addEventListener("click", () => void this.#start());
    armButton(byId("unshare", HTMLButtonElement), say("Really stop?"), () => this.stop());
  }

  /** Shares no longer. */
  stop() {
    const ended = this.publication;
    this.publication = null;
    ended?.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    this.#use(new MediaStream());
    this.#needs.onChange();
  }

  /** @param {boolean | undefined} onStage as the run sheet has it; undefined: the server has not heard of it */
  render(onStage) {
    const state = this.publication?.status.state ?? null;
    const sharing = this.publication !== null;
    show(byId("share"), !sharing);
    show(byId("unshare"), sharing);
    show(byId("slides-box"), sharing);
    setText(byId("slides-state"), stateText(state, onStage));
    byId("slides-state").dataset.tone = state !== "connected" ? "" : onStage ? "live" : "wait";
    if (state === "failed") setText(byId("slides-error"), errorText(this.publication?.status.error));
  }

  async #start() {
    setText(byId("slides-error"), "");
    try {
      this.#use(await navigator.mediaDevices.getDisplayMedia({ video: SHARPEST, audio: false }));
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      return setText(byId("slides-error"), SHARE_ERRORS[name] ?? String(error));
    }
    const { event, session, token, onChange } = this.#needs;
    this.publication = publish({ event, session, token, stream: this.#stream, source: "slides" });
    this.publication.on("status", onChange);
    // Browsers have a button of their own to stop with.
    for (const track of this.#stream.getTracks()) track.addEventListener("ended", () => this.stop());
    return onChange();
  }

  /** @param {MediaStream} stream */
  #use(stream) {
    this.#stream = stream;
    byId("slides-video", HTMLVideoElement).srcObject = stream;
  }
}

/**
 * @param {import("/sdk/media_session.js").MediaState | null} state
 * @param {boolean | undefined} onStage
 */
function stateText(state, onStage) {
  if (state === null) return say("Not shared");
  if (state === "waiting") return say("Waiting for the doors");
  if (state !== "connected") return state === "failed" ? say("Failed") : say("Connecting…");
  return onStage ? say("On stage") : say("Green room");
}
