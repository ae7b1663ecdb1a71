/** Captions over the picture, in the language that somebody chose in this browser, and a replay's transcript. */

import { fetchCaptions } from "/sdk/http.js";

import { inTheirOrder, languageName, lineAt, linesAt, linesWith } from "./caption_model.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { lengthText } from "./playing_model.js";
import { inBrowser } from "./remember.js";
import { say } from "./words.js";

const LANGUAGE = "showcaller:captions";
const SIZE = "showcaller:caption-size";
const READ_EVERY_MS = 15_000; // at most, while somebody goes back in what is live

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").Caption} Caption
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("./stage_player.js").StagePlayer} StagePlayer
 */

export class CaptionsPanel {
  #client;
  #event;
  #player;
  #session = "";
  /** @type {string[]} */
  #languages = [];
  /** What is followed: `session/{id}/captions/{language}`; empty: nothing. */
  #channel = "";
  #leave = () => {};
  /** What was read over HTTP, of which session and language. */
  #read = { of: "", atMs: -Infinity, lines: /** @type {Caption[]} */ ([]) };
  /** All that is known, in order. @type {Caption[]} */
  #lines = [];
  /** What is listed: when that changes, the list is made anew. */
  #listed = "";
  /** @type {Caption[]} */
  #found = [];
  #on = "";
  #language = byId("caption-language", HTMLSelectElement);
  #size = byId("caption-size", HTMLSelectElement);
  #words = byId("transcript-words", HTMLInputElement);
  #render = eachFrame(() => this.tick());

  /**
   * @param {ShowcallerClient} client
   * @param {string} event
   * @param {StagePlayer} player
   */
  constructor(client, event, player) {
    this.#client = client;
    this.#event = event;
    this.#player = player;
    this.#size.value = inBrowser.get(SIZE) ?? "medium";
    this.#language.addEventListener("change", () => {
      inBrowser.set(LANGUAGE, this.#language.value || null);
      this.#follow();
    });
    this.#size.addEventListener("change", () => {
      inBrowser.set(SIZE, this.#size.value);
      this.tick();
    });
    this.#words.addEventListener("input", () => this.tick());
  }

  /** @param {Session} session that the page shows now */
  offer(session) {
    const languages = session.captions ?? [];
    if (session.id === this.#session && languages.join() === this.#languages.join()) return;
    this.#session = session.id;
    this.#languages = languages;
    const kept = inBrowser.get(LANGUAGE) ?? "";
    const options = languages.map((one) => h("option", { value: one }, languageName(one)));
    this.#language.replaceChildren(h("option", { value: "" }, say("No captions")), ...options);
    this.#language.value = languages.includes(kept) ? kept : "";
    show(byId("captions-box"), languages.length > 0);
    this.#follow();
  }

  /** The language that is read: the chosen one, in a replay else the first. */
  get #wanted() {
    return this.#language.value || (this.#player.replay ? (this.#languages[0] ?? "") : "");
  }

  #follow() {
    const channel = this.#wanted ? `session/${this.#session}/captions/${this.#wanted}` : "";
    if (channel !== this.#channel) {
      this.#leave();
      if (this.#channel) this.#client.unfollow(this.#channel);
      this.#channel = channel;
      this.#read = { of: "", atMs: -Infinity, lines: [] };
      this.#lines = [];
      this.#leave = channel ? this.#client.follow(channel).on("change", () => this.#changed()) : () => {};
    }
    this.#changed();
  }

  #changed() {
    const now = this.#channel ? this.#client.follow(this.#channel).items.values() : [];
    this.#lines = inTheirOrder([...this.#read.lines, .../** @type {Iterable<Caption>} */ (now)]);
    this.#listed = "";
    this.#render();
  }

  /** As the picture goes on. */
  tick() {
    const channel = this.#wanted ? `session/${this.#session}/captions/${this.#wanted}` : "";
    if (channel !== this.#channel) return this.#follow();
    const ms = this.#player.momentMs ?? this.#client.serverNow();
    const chosen = this.#language.value !== "";
    if (channel && this.#isTooEarly(ms)) void this.#readAll(channel);
    const lines = chosen ? linesAt(this.#lines, ms) : [];
    keyed(byId("captions"), lines, ({ id, text }) => `${id} ${text}`, ({ text }) => h("p", {}, h("span", {}, text)));
    setAttribute(byId("captions"), "lang", this.#wanted || null);
    byId("captions").dataset.size = this.#size.value;
    byId("captions-box").dataset.on = String(chosen);
    show(byId("caption-tools"), chosen && this.#languages.length > 0);
    this.#showTranscript(ms);
    return undefined;
  }

  /** Whether lines of that moment may be missing: a channel has the newest only. @param {number} ms */
  #isTooEarly(ms) {
    if (this.#player.replay) return this.#read.of !== this.#channel;
    const first = this.#lines[0];
    const isOld = this.#player.momentMs !== null && first !== undefined && ms < first.from_ms;
    return isOld && performance.now() > this.#read.atMs + READ_EVERY_MS;
  }

  /** @param {string} channel */
  async #readAll(channel) {
    this.#read = { ...this.#read, of: channel, atMs: performance.now() };
    try {
      const place = { event: this.#event, session: this.#session, language: this.#wanted, token: this.#client.token };
      const { lines } = await fetchCaptions(place);
      if (channel !== this.#channel) return;
      this.#read.lines = lines;
      this.#changed();
    } catch {
      setTimeout(() => (this.#read.of = ""), READ_EVERY_MS); // then it is tried again
    }
  }

  /** @param {number} ms */
  #showTranscript(ms) {
    const { replay } = this.#player;
    const words = this.#words.value;
    const listed = replay ? `${this.#channel} ${replay.startsAtMs} ${replay.endsAtMs} ${words}` : "";
    if (replay && listed !== this.#listed) {
      this.#found = linesWith(this.#lines, words, replay);
      this.#list(this.#found, replay.startsAtMs);
      this.#listed = listed;
    }
    show(byId("transcript"), replay !== null && (this.#found.length > 0 || words !== ""));
    if (replay) this.#mark(lineAt(this.#found, ms));
  }

  /**
   * @param {Caption[]} lines
   * @param {number} startsAtMs
   */
  #list(lines, startsAtMs) {
    const list = byId("transcript-list");
    setAttribute(list, "lang", this.#wanted);
    keyed(list, lines, ({ id, text }) => `${id} ${text}`, ({ id, text, from_ms }) => {
      const at = h("span", { class: "times quiet" }, lengthText(Math.max(0, from_ms - startsAtMs) / 1000));
      const go = () => this.#player.goToMoment(Math.max(from_ms, startsAtMs));
      return h("li", { "data-line": id }, h("button", { class: "plain chapter", type: "button", onclick: go }, at, h("span", { class: "text" }, text)));
    });
    setText(byId("transcript-none"), lines.length === 0 ? say("Nobody said that.") : "");
    this.#on = "";
  }

  /** @param {string} id of the line that is heard now */
  #mark(id) {
    if (id === this.#on) return;
    this.#on = id;
    const list = byId("transcript-list");
    for (const marked of list.querySelectorAll("[aria-current]")) setAttribute(marked, "aria-current", null);
    const item = [...list.children].find((one) => one instanceof HTMLElement && one.dataset.line === id);
    const button = item?.firstElementChild;
    if (!(button instanceof HTMLElement)) return;
    setAttribute(button, "aria-current", "true");
    if (!list.matches(":hover, :focus-within")) list.scrollTop = button.offsetTop - list.clientHeight / 2;
  }
}
