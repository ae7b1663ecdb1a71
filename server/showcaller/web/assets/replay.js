/** A replay beside its talk: chapters, links to moments, and where somebody left off. */

import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { chapterAt, chaptersOf } from "./moments_model.js";
import { address } from "./place.js";
import { beginsAtS, lengthText } from "./playing_model.js";
import { inBrowser } from "./remember.js";
import { say } from "./words.js";

const KEPT_EVERY_MS = 5_000;

/**
 * @typedef {import("./stage_player.js").StagePlayer} StagePlayer
 * @typedef {import("./moments_model.js").Chapter} Chapter
 */

export class ReplayCompanion {
  #player;
  #event;
  /** The moment that the page's own address names, for the first talk that it shows. */
  #asked = new URLSearchParams(location.search).get("t");
  #keptAtMs = -Infinity;

  /**
   * @param {StagePlayer} player
   * @param {string} event
   */
  constructor(player, event) {
    this.#player = player;
    this.#event = event;
    byId("copy-moment").addEventListener("click", () => void this.#copy());
    byId("from-start").addEventListener("click", () => {
      player.goToMoment(player.replay?.startsAtMs ?? 0);
      show(byId("from-start"), false);
    });
    addEventListener("pagehide", () => this.#keep(-Infinity));
  }

  /**
   * Shows the replay of a session that is over.
   *
   * @param {string} session
   * @param {boolean} plays whether it begins by itself
   */
  open(session, plays) {
    void this.#player.showReplay(session, ({ startsAtMs, endsAtMs }) => {
      const lastsS = (endsAtMs - startsAtMs) / 1000;
      const left = inBrowser.get(this.#keptAs(session));
      const atS = beginsAtS(this.#asked, left, lastsS);
      show(byId("from-start"), this.#asked === null && atS > 0);
      this.#asked = null;
      return { atMs: atS > 0 ? startsAtMs + atS * 1000 : null, plays };
    });
  }

  /** @param {Iterable<import("/sdk/types.js").Question>} questions of the session */
  render(questions) {
    const { replay, momentMs } = this.#player;
    const chapters = replay ? chaptersOf(questions, replay.startsAtMs, replay.endsAtMs) : [];
    const on = replay && momentMs !== null ? chapterAt(chapters, momentMs) : "";
    show(byId("chapters"), chapters.length > 0);
    if (!replay) show(byId("from-start"), false);
    keyed(byId("chapter-list"), chapters, ({ id }) => id, (chapter) => this.#button(chapter, replay?.startsAtMs ?? 0), (item, { id, text }) => {
      const button = /** @type {HTMLElement} */ (item.firstElementChild);
      setAttribute(button, "aria-current", id === on ? "true" : null);
      setText(/** @type {Element} */ (button.lastElementChild), text);
    });
    this.#keep(performance.now());
  }

  /**
   * @param {Chapter} chapter
   * @param {number} startsAtMs
   */
  #button({ atMs }, startsAtMs) {
    const go = () => this.#player.goToMoment(atMs);
    const at = h("span", { class: "times quiet" }, lengthText((atMs - startsAtMs) / 1000));
    return h("li", {}, h("button", { class: "plain chapter", type: "button", onclick: go }, at, h("span", { class: "text" })));
  }

  async #copy() {
    const { replay } = this.#player;
    if (!replay) return;
    const link = new URL(address(this.#event, "watch", replay.session), location.href);
    link.searchParams.set("t", String(this.#atS));
    try {
      await navigator.clipboard.writeText(link.href);
      setText(byId("copy-note"), say("The link to {length} is copied.", { length: lengthText(this.#atS) }));
    } catch {
      setText(byId("copy-note"), link.href); // to copy by hand: browsers allow no more on plain HTTP
    }
  }

  get #atS() {
    const { replay, momentMs } = this.#player;
    return replay && momentMs !== null ? Math.max(0, Math.floor((momentMs - replay.startsAtMs) / 1000)) : 0;
  }

  /** @param {string} session */
  #keptAs(session) {
    return `showcaller:left:${this.#event}:${session}`;
  }

  /** Where somebody is, now and then. @param {number} nowMs -Infinity: at once */
  #keep(nowMs) {
    const { replay, momentMs } = this.#player;
    if (!replay || momentMs === null || (nowMs > 0 && nowMs < this.#keptAtMs + KEPT_EVERY_MS)) return;
    this.#keptAtMs = nowMs;
    inBrowser.set(this.#keptAs(replay.session), String(this.#atS));
  }
}
