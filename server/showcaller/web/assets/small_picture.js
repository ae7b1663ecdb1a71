/** A small picture of the talk for those who moderate it: without sound until they want it. */

import { sessionOf, stageOf } from "./agenda_model.js";
import { byId, setAttribute, setText, show } from "./dom.js";
import { posterOf } from "./poster_model.js";
import { inBrowser } from "./remember.js";
import { StageVideo } from "./stage_video.js";
import { countdown } from "./times.js";
import { say } from "./words.js";

const SHOWN_AS = "showcaller:moderate:picture";
const NARROW = "(max-width: 64rem)";

export class SmallPicture {
  #page;
  #video = byId("video", HTMLVideoElement);
  #stageVideo;
  #session = "";
  #shown = inBrowser.get(SHOWN_AS) !== "no" && !matchMedia(NARROW).matches;
  /** @type {import("./poster_model.js").Poster | null} */
  #poster = null;

  /** @param {import("./page.js").EventPage} page */
  constructor(page) {
    this.#page = page;
    const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
    this.#stageVideo = new StageVideo(page.place.event, client, this.#video, () => this.render(this.#session));
    void this.#stageVideo.choose("low").catch(() => {});
    byId("picture-toggle").addEventListener("click", () => this.#toggle());
    byId("picture-sound").addEventListener("click", () => this.#toggleSound());
    addEventListener("pagehide", () => this.#stageVideo.stop());
  }

  #toggle() {
    this.#shown = !this.#shown;
    inBrowser.set(SHOWN_AS, this.#shown ? "yes" : "no");
    if (!this.#shown) this.#stageVideo.stop();
    this.render(this.#session);
  }

  #toggleSound() {
    this.#video.muted = !this.#video.muted;
    void this.#video.play().catch(() => {});
    this.render(this.#session);
  }

  /** @param {string} id the session whose stage to show */
  render(id) {
    this.#session = id;
    const session = sessionOf(this.#page.items, id);
    if (!session || !this.#page.client?.welcome) return;
    const stage = stageOf(this.#page.items, session.stage);
    if (this.#shown) this.#stageVideo.show(stage?.session === id ? stage : undefined);
    this.#poster = posterOf(session, stage, this.#page.items, this.#stageVideo.picture, this.#page.showNow() ?? 0);
    show(byId("picture"), this.#shown);
    setText(byId("picture-toggle"), this.#shown ? say("Hide picture") : say("Show picture"));
    const playing = this.#shown && this.#poster === null;
    show(byId("picture-sound"), playing);
    setText(byId("picture-sound"), this.#video.muted ? say("Sound on") : say("Sound off"));
    setAttribute(byId("picture"), "data-state", playing ? "live" : "poster");
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    if (this.#poster === null) return setText(byId("picture-poster"), "");
    const { kind, untilMs } = this.#poster;
    const now = this.#page.showNow();
    return setText(byId("picture-poster"), untilMs === null || now === null ? kind : `${kind} ${countdown(untilMs - now)}`);
  }
}
