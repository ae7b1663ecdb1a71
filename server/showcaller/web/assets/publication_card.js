/** One publication in the green room: how it is, what it looks like, and whether it goes on stage. */

import { watch } from "/sdk/index.js";

import { armButton } from "./armed_button.js";
import { h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { showFigures } from "./figure_list.js";
import { meterPercent, problemsOf, publicationFigures, sourceName } from "./green_room_model.js";
import { say } from "./words.js";

/**
 * @typedef {import("./green_room_model.js").Published} Published
 *
 * @typedef {object} CardNeeds
 * @property {string} event
 * @property {() => string} token
 * @property {(published: Published) => void} onStage it is to go on stage
 */

export class PublicationCard {
  #needs;
  /** @type {Published} */
  #published;
  /** @type {import("/sdk/index.js").Watcher | null} */
  #watcher = null;
  #video = h("video", { playsinline: true, autoplay: true });
  #preview = h("button", { class: "compact", type: "button" }, say("Preview"));
  #sound = h("button", { class: "compact", type: "button", hidden: true }, say("Sound on"));
  #note = h("p", { class: "small quiet", role: "status" });
  #name = h("h4", {});
  #talk = h("p", { class: "small quiet" });
  #source = h("span", { class: "tag" });
  #place = h("span", { class: "tag" });
  #level = h("span", {});
  #meter = h("div", { class: "level", role: "meter", "aria-label": say("Sound level"), "aria-valuemin": "0", "aria-valuemax": "100" }, this.#level);
  #figures = h("dl", { class: "figure-list times" });
  #problems = h("ul", { class: "plain-list problems" });
  #stage = h("button", { class: "compact", type: "button" }, say("Put on stage"));

  /**
   * @param {Published} published
   * @param {CardNeeds} needs
   */
  constructor(published, needs) {
    this.#published = published;
    this.#needs = needs;
    this.#video.muted = true;
    this.#preview.addEventListener("click", () => (this.#watcher ? this.stop() : this.#start()));
    this.#sound.addEventListener("click", () => this.#turnSound());
    armButton(this.#stage, say("Change it?"), () => needs.onStage(this.#published), () => this.#published.live);
    this.element = h(
      "li",
      { class: "publication", "data-publication": published.id, "data-source": published.source },
      h("div", { class: "thumb" }, this.#video, h("div", { class: "row thumb-buttons" }, this.#preview, this.#sound)),
      h(
        "div",
        { class: "stack" },
        h("div", { class: "spread" }, this.#name, h("span", { class: "row" }, this.#source, this.#place)),
        this.#talk,
        this.#meter,
        this.#figures,
        this.#problems,
        h("div", { class: "row" }, this.#stage),
        this.#note,
      ),
    );
  }

  /** @param {Published} published */
  update(published) {
    this.#published = published;
    const { name, title, source, on, live, chosen, heard, measured } = published;
    setText(this.#name, name);
    setText(this.#talk, title);
    setText(this.#source, sourceName(source));
    setText(this.#place, placeOf(published));
    this.#place.dataset.tone = on || heard ? "live" : chosen ? "accent" : "";
    this.#preview.setAttribute("aria-label", `${this.#preview.textContent} ${name}, ${sourceName(source)}`);
    this.#stage.setAttribute("aria-label", `${this.#stage.textContent}: ${name}, ${sourceName(source)}`);
    show(this.#stage, !chosen && !(on && live));
    show(this.#meter, measured?.sound !== null);
    this.#showLevel(measured?.sound?.level_dbov ?? null);
    showFigures(this.#figures, measured ? [...publicationFigures(measured), ...this.#size()] : []);
    this.#showProblems(measured ? problemsOf(measured) : [say("Nothing is known of it yet.")]);
  }

  /** Ends the preview. */
  stop() {
    this.#watcher?.stop();
    this.#watcher = null;
    this.#video.srcObject = null;
    this.#video.muted = true;
    this.#showPreview();
  }

  #start() {
    const { event, token } = this.#needs;
    this.#watcher = watch({ event, publication: this.#published.id, token, video: this.#video });
    this.#watcher.on("status", () => this.#showPreview());
    this.#showPreview();
  }

  #turnSound() {
    this.#video.muted = !this.#video.muted;
    setText(this.#sound, this.#video.muted ? say("Sound on") : say("Sound off"));
  }

  #showPreview() {
    const status = this.#watcher?.status;
    setText(this.#preview, this.#watcher ? say("Stop") : say("Preview"));
    setText(this.#sound, say("Sound on"));
    show(this.#sound, status?.state === "connected");
    const failed = status?.error ? say("No preview. {reason}", { reason: errorText(status.error) }) : "";
    setText(this.#note, status?.state === "connecting" ? say("The preview is coming…") : failed);
    this.update(this.#published);
  }

  /** @returns {[string, string][]} only a preview shows it: the server looks into no picture */
  #size() {
    const { videoWidth, videoHeight } = this.#video;
    return this.#watcher && videoWidth ? [[say("Size"), `${videoWidth} × ${videoHeight}`]] : [];
  }

  /** @param {number | null} dbov */
  #showLevel(dbov) {
    const percent = meterPercent(dbov);
    this.#level.style.setProperty("--level", `${percent}%`);
    this.#meter.setAttribute("aria-valuenow", String(percent));
    this.#meter.setAttribute("aria-valuetext", dbov === null ? say("not known") : `${dbov} dBov`);
  }

  /** @param {string[]} problems */
  #showProblems(problems) {
    keyed(this.#problems, problems, (problem) => problem, (problem) => h("li", {}, problem));
  }
}

/** @param {Published} published */
function placeOf({ on, live, chosen, heard, measured }) {
  if (on) return say("On stage");
  if (heard) return say("Heard with the slides");
  if (measured && !measured.live) return say("Connecting");
  if (chosen) return live ? say("Goes on stage") : say("Chosen for the start");
  return say("Green room");
}
