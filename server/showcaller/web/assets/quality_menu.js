/** The choice of the picture to be sent: what somebody chose in this browser holds for every talk. */

import { byId, h, setText } from "./dom.js";
import { errorText } from "./error_text.js";
import { inBrowser } from "./remember.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/whep.js").Layer} Layer */

const KEPT_AS = "showcaller:quality";
/** @type {[Layer, string][]} */
const CHOICES = [
  ["auto", say("Automatic")],
  ["high", say("High")],
  ["medium", say("Medium")],
  ["low", say("Low (data saver)")],
  ["none", say("Sound only")],
];

export class QualityMenu {
  #video;
  #select = byId("quality", HTMLSelectElement);

  /** @param {{choose: (layer: Layer) => Promise<void>}} video */
  constructor(video) {
    this.#video = video;
    const kept = recall();
    this.#select.replaceChildren(...CHOICES.map(([layer, name]) => h("option", { value: layer, selected: layer === kept }, name)));
    this.#select.addEventListener("change", () => void this.#choose(/** @type {Layer} */ (this.#select.value)));
    if (kept !== "auto") void this.#choose(kept);
  }

  /** @param {Layer} layer */
  async #choose(layer) {
    inBrowser.set(KEPT_AS, layer);
    setText(byId("quality-note"), "");
    try {
      await this.#video.choose(layer);
    } catch (error) {
      setText(byId("quality-note"), say("The quality could not be changed. {reason}", { reason: errorText(error) }));
    }
  }
}

/** @returns {Layer} */
function recall() {
  const kept = inBrowser.get(KEPT_AS);
  return CHOICES.find(([layer]) => layer === kept)?.[0] ?? "auto";
}
