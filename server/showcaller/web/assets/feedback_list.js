/** What people thought of one talk: the number of each rating, and comments. */

import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { headline, newestFirst, starsText, tallyOf } from "./feedback_model.js";
import { clockTime } from "./times.js";

/**
 * Shows a talk's feedback as it comes, from when the talk is over.
 *
 * @param {import("/sdk/index.js").Channel} channel
 * @returns {(over: boolean) => void} to be told whether the talk is over
 */
export function showFeedback(channel) {
  let isOver = false;
  const render = eachFrame(() => {
    const tally = tallyOf(channel.levels);
    show(byId("feedback"), isOver && channel.ready);
    setText(byId("feedback-mean"), headline(tally));
    keyed(byId("feedback-tally"), tally, ({ stars }) => String(stars), ({ stars }) => h("li", {}, h("span", {}, starsText(stars)), h("b", { class: "times" })), (row, { count }) => {
      const number = row.lastElementChild;
      if (number) setText(number, String(count));
    });
    keyed(byId("feedback-comments"), newestFirst(channel.items.values()), ({ id, stars, said_ms }) => `${id} ${stars} ${said_ms}`, commentItem);
  });
  channel.on("change", render);
  return (over) => {
    isOver = over;
    render();
  };
}

/** @param {{stars: number, text: string, said_ms: number}} comment */
export function commentItem({ stars, text, said_ms }) {
  return h("li", { class: "stack" }, h("p", { class: "small quiet times" }, `${starsText(stars)}, ${clockTime(said_ms)}`), h("p", { class: "text" }, text));
}
