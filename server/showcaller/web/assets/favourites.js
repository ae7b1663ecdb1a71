/** One's own agenda: the sessions that one has starred, wherever one is signed in, and the way to change that. */

import { h, setAttribute, show } from "./dom.js";
import { favouritesIn } from "./favourites_model.js";
import { icon } from "./icons.js";
import { say } from "./words.js";

export class Favourites {
  #client;
  #channel;
  /** What was asked for and not answered yet. @type {Map<string, boolean>} */
  #asked = new Map();
  #render;

  /**
   * @param {import("/sdk/index.js").ShowcallerClient | null} client null: nobody is signed in
   * @param {() => void} render after each change
   */
  constructor(client, render) {
    this.#client = client;
    this.#render = render;
    this.#channel = client?.follow("me") ?? null;
    this.#channel?.on("change", render);
  }

  /** Whether stars can be given: somebody is signed in, and theirs are known. */
  get ready() {
    return this.#channel?.ready ?? false;
  }

  /** @returns {Set<string>} ids of sessions */
  get all() {
    return favouritesIn(this.#channel?.items ?? new Map(), this.#asked);
  }

  /** @param {string} session */
  async toggle(session) {
    if (!this.#client || this.#asked.has(session)) return;
    this.#asked.set(session, !this.all.has(session));
    this.#render();
    try {
      await this.#client.star(session, this.#asked.get(session) ?? false);
    } catch {
      // It stays as it was; the page's pill says what is wrong.
    } finally {
      this.#asked.delete(session);
      this.#render();
    }
  }
}

/**
 * A button that stars a session.
 *
 * @param {() => void} onclick
 */
export function starButton(onclick) {
  return h("button", { class: "compact plain star", type: "button", hidden: true, onclick }, icon("star"));
}

/**
 * @param {HTMLElement} button
 * @param {{ready: boolean, all: ReadonlySet<string>}} favourites
 * @param {import("/sdk/types.js").Session} session
 */
export function showStar(button, { ready, all }, { id, title, kind }) {
  show(button, ready && kind !== "break");
  setAttribute(button, "aria-pressed", String(all.has(id)));
  setAttribute(button, "aria-label", say("In my agenda: {title}", { title }));
  setAttribute(button, "title", all.has(id) ? say("In your agenda") : say("Put into my agenda"));
}
