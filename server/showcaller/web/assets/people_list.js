/** Who is in a talk, by name: where the event tells, and once somebody wants to know. */

import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { namesIn } from "./people_model.js";
import { say } from "./words.js";

export class PeopleList {
  #client;
  #session = "";
  #followed = "";
  #leave = () => {};
  #box = byId("people", HTMLDetailsElement);
  #render = eachFrame(() => this.#show());

  /** @param {import("/sdk/index.js").ShowcallerClient} client */
  constructor(client) {
    this.#client = client;
    this.#box.addEventListener("toggle", () => this.#follow());
  }

  /**
   * @param {string} session that the page shows now
   * @param {boolean} told whether everybody may know the names
   */
  offer(session, told) {
    this.#session = told ? session : "";
    show(this.#box, told);
    this.#follow();
  }

  #follow() {
    const wanted = this.#box.open ? this.#session : "";
    if (wanted === this.#followed) return;
    this.#leave();
    if (this.#followed) this.#client.unfollow(`session/${this.#followed}/people`);
    this.#followed = wanted;
    this.#leave = wanted ? this.#client.follow(`session/${wanted}/people`).on("change", this.#render) : () => {};
  }

  #show() {
    if (!this.#followed) return;
    const present = this.#client.follow(`session/${this.#followed}/audience`).levels.get("present") ?? 0;
    const { names, more } = namesIn(this.#client.follow(`session/${this.#followed}/people`).levels, present);
    keyed(byId("people-list"), names, (name) => name, (name) => h("li", { class: "text" }, name));
    setText(byId("people-more"), more ? say("and {count} more", { count: more }) : "");
  }
}
