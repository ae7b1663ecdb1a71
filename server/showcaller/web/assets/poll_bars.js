/** How people voted: a bar and words for each option, or a cloud of words. */

import { h, keyed, setText, show } from "./dom.js";
import { barsOf, meanText } from "./poll_model.js";
import { say } from "./words.js";

/** @typedef {import("./poll_model.js").Bar} Bar */

export class PollBars {
  #mean = h("p", { class: "poll-mean times" });
  #list = h("ol", { class: "plain-list poll-bars" });
  element = h("div", { class: "stack" }, this.#mean, this.#list);

  /**
   * @param {import("./poll_model.js").Counted} poll
   * @param {ReadonlyMap<string, number>} levels
   * @param {import("/sdk/types.js").OwnPollVote} [own]
   */
  render(poll, levels, own) {
    const mean = meanText(poll, levels);
    setText(this.#mean, mean);
    show(this.#mean, mean !== "");
    this.#list.dataset.kind = poll.kind;
    keyed(this.#list, barsOf(poll, levels, own), ({ key }) => key, newBar, updateBar);
  }
}

function newBar() {
  const label = h("span", { class: "poll-label text" });
  return h("li", { class: "poll-bar" }, label, h("span", { class: "tag poll-mark", hidden: true }), h("span", { class: "poll-count small times" }), h("span", { class: "poll-track", "aria-hidden": "true" }, h("span", { class: "poll-fill" })));
}

/**
 * @param {HTMLElement} item
 * @param {Bar} bar
 */
function updateBar(item, { label, text, share, right, own }) {
  const [name, mark, count, track] = /** @type {HTMLElement[]} */ ([...item.children]);
  if (!name || !mark || !count || !track) return;
  const marks = [right ? say("Right") : "", own ? say("Yours") : ""].filter(Boolean).join(", ");
  setText(name, label);
  setText(mark, marks);
  show(mark, marks !== "");
  mark.dataset.tone = right ? "ok" : "accent";
  setText(count, text);
  item.style.setProperty("--share", share.toFixed(3));
}
