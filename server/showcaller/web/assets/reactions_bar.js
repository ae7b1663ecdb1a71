/** Applause and the like: what was sent in the last seconds, and a button for each. */

import { byId, eachFrame, h, setText, show } from "./dom.js";

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {"clap" | "heart" | "laugh" | "wow" | "party"} Reaction
 */

/** Words, not pictures: not every machine has a font for those. @type {Record<Reaction, string>} */
const REACTIONS = { clap: "Applause", heart: "Love it", laugh: "Haha", wow: "Wow", party: "Hooray" };
const numbers = new Intl.NumberFormat("en", { notation: "compact" });

export class ReactionsBar {
  #client;
  #session = "";
  /** @type {Map<Reaction, HTMLButtonElement>} */
  #buttons = new Map();
  #leave = () => {};
  #render = eachFrame(() => this.#show());

  /** @param {ShowcallerClient} client */
  constructor(client) {
    this.#client = client;
    for (const reaction of /** @type {Reaction[]} */ (Object.keys(REACTIONS))) {
      this.#buttons.set(reaction, this.#button(reaction));
    }
    byId("reactions").append(...this.#buttons.values());
  }

  /** @param {string} session */
  turnTo(session) {
    if (session === this.#session) return;
    this.#leave();
    if (this.#session) this.#client.unfollow(`session/${this.#session}/audience`);
    this.#session = session;
    this.#leave = this.#client.follow(`session/${session}/audience`).on("change", this.#render);
    this.#render();
  }

  /** @param {boolean} wanted whether the session takes reactions now */
  offer(wanted) {
    show(byId("reactions"), wanted);
  }

  /** @param {Reaction} reaction */
  #button(reaction) {
    return h(
      "button",
      { class: "compact reaction", type: "button", "data-reaction": reaction, onclick: () => this.#send(reaction) },
      h("span", { class: "word" }, REACTIONS[reaction]),
      h("span", { class: "count times", "aria-hidden": "true" }),
    );
  }

  /** @param {Reaction} reaction */
  #send(reaction) {
    // One that is lost, or was one too many, is no loss: the buttons stay quiet about it.
    this.#client.react(this.#session, reaction).catch(() => {});
    this.#bounce(reaction);
  }

  /** @param {Reaction} reaction */
  #bounce(reaction) {
    const word = this.#buttons.get(reaction)?.querySelector(".word");
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    word?.animate([{ transform: "none" }, { transform: "translateY(-0.25em)" }, { transform: "none" }], 350);
  }

  #show() {
    const { levels } = this.#client.follow(`session/${this.#session}/audience`);
    for (const [reaction, button] of this.#buttons) {
      const count = levels.get(reaction) ?? 0;
      setText(/** @type {Element} */ (button.querySelector(".count")), count ? numbers.format(count) : "");
    }
    const present = levels.get("present") ?? 0;
    setText(byId("present"), present ? `${numbers.format(present)} here now` : "");
  }
}
