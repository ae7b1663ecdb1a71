/** Applause and the like: what was sent in the last seconds, a button for each, and icons that rise over the picture. */

import { byId, eachFrame, h, setText, show } from "./dom.js";
import { icon } from "./icons.js";
import { Rising } from "./rising_model.js";
import { locale, say } from "./words.js";

const RISES_MS = 2_600;
const SPREAD_MS = 900; // those that came together rise one after another

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {"clap" | "heart" | "laugh" | "wow" | "party"} Reaction
 */

/** @type {Record<Reaction, string>} */
const NAMES = { clap: say("Applause"), heart: say("Love it"), laugh: say("Haha"), wow: say("Wow"), party: say("Hooray") };
const REACTIONS = /** @type {Reaction[]} */ (Object.keys(NAMES));
const numbers = new Intl.NumberFormat(locale, { notation: "compact" });

export class ReactionsBar {
  #client;
  #session = "";
  /** @type {Map<Reaction, HTMLButtonElement>} */
  #buttons = new Map();
  #rising = new Rising();
  #ready = false;
  #leave = () => {};
  #render = eachFrame(() => this.#show());

  /** @param {ShowcallerClient} client */
  constructor(client) {
    this.#client = client;
    for (const reaction of REACTIONS) this.#buttons.set(reaction, this.#button(reaction));
    byId("reactions").append(...this.#buttons.values());
  }

  /** @param {string} session */
  turnTo(session) {
    if (session === this.#session) return;
    this.#leave();
    if (this.#session) this.#client.unfollow(`session/${this.#session}/audience`);
    this.#session = session;
    this.#ready = false;
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
      { class: "compact reaction", type: "button", "data-reaction": reaction, title: NAMES[reaction], onclick: () => this.#send(reaction) },
      icon(reaction),
      h("span", { class: "visually-hidden" }, NAMES[reaction]),
      h("span", { class: "count times", "aria-hidden": "true" }),
    );
  }

  /** @param {Reaction} reaction */
  #send(reaction) {
    this.#rising.own(reaction);
    rise(reaction, 0);
    // One that is lost, or was one too many, is no loss: the buttons stay quiet about it.
    this.#client.react(this.#session, reaction).catch(() => {});
  }

  #show() {
    const { levels, ready } = this.#client.follow(`session/${this.#session}/audience`);
    for (const [reaction, button] of this.#buttons) {
      const count = levels.get(reaction) ?? 0;
      setText(/** @type {Element} */ (button.querySelector(".count")), count ? numbers.format(count) : "");
    }
    const present = levels.get("present") ?? 0;
    setText(byId("present"), present ? say("{count} here now", { count: numbers.format(present) }) : "");
    if (this.#ready) this.#riseAll(levels);
    else this.#rising.startFrom(levels);
    this.#ready = ready;
  }

  /** @param {ReadonlyMap<string, number>} levels */
  #riseAll(levels) {
    for (const [reaction, count] of this.#rising.come(levels, REACTIONS)) {
      for (let i = 0; i < count; i += 1) rise(/** @type {Reaction} */ (reaction), (SPREAD_MS * i) / count);
    }
  }
}

/**
 * Lets an icon rise at the picture's edge, for those who want motion.
 *
 * @param {Reaction} reaction
 * @param {number} afterMs
 */
function rise(reaction, afterMs) {
  if (document.visibilityState !== "visible" || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const risen = h("span", { class: "risen", "data-reaction": reaction }, icon(reaction));
  byId("rising").append(risen);
  const aside = `${(Math.random() - 0.5) * 4}rem`;
  const steps = [
    { transform: "translate(0, 0) scale(0.7)", opacity: 0 },
    { transform: `translate(calc(${aside} / 4), -15%) scale(1)`, opacity: 0.95, offset: 0.15 },
    { transform: `translate(${aside}, -9rem) scale(1)`, opacity: 0 },
  ];
  const going = risen.animate(steps, { duration: RISES_MS, delay: afterMs, easing: "ease-out", fill: "backwards" });
  const gone = () => risen.remove();
  going.finished.then(gone, gone);
}
