/** What a speaker may be asked next: the questions that a moderator let through, most votes first. */

import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { orderOf } from "./question_list.js";

const SHOWN = 6;

/** @typedef {import("/sdk/types.js").Question} Question */

/** @param {import("/sdk/index.js").Channel} questions */
export function showQueue(questions) {
  const render = eachFrame(() => {
    const waiting = [...questions.items.values()].filter(({ state }) => state === "approved");
    const listed = waiting.map((question) => ({ ...question, votes: questions.levels.get(question.id) ?? 0, voted: false, own: false }));
    const byKey = new Map(listed.map((question) => [question.id, question]));
    const shown = orderOf(listed, []).slice(0, SHOWN).flatMap((id) => byKey.get(id) ?? []);
    keyed(
      byId("queue"),
      shown,
      ({ id }) => id,
      () => h("li", {}, h("span", { class: "tag times" }), h("div", {}, h("p", { class: "text" }), h("p", { class: "small quiet" }))),
      (item, { text, author, votes }) => {
        const [count, said] = [...item.children];
        if (!count || !said) return;
        setText(count, votes === 1 ? "1 vote" : `${votes} votes`);
        setText(/** @type {Element} */ (said.firstElementChild), text);
        setText(/** @type {Element} */ (said.lastElementChild), author ?? "Asked anonymously");
      },
    );
    show(byId("queue-empty"), questions.ready && waiting.length === 0);
    setText(byId("queue-more"), waiting.length > SHOWN ? `${waiting.length - SHOWN} more wait.` : "");
  });
  questions.on("change", render);
  render();
}
