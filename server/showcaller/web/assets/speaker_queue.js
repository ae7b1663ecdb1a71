/** What a speaker may be asked next: what moderators have sent them, then what they let through, most votes first. */

import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { orderOf } from "./question_list_model.js";
import { say, sayCount } from "./words.js";

const SHOWN = 6;

/** @typedef {import("/sdk/types.js").Question} Question */

/**
 * @param {import("/sdk/index.js").Channel} questions
 * @param {import("/sdk/index.js").Channel} backstage where moderators' are sent
 */
export function showQueue(questions, backstage) {
  const render = eachFrame(() => {
    const sent = [...backstage.items].filter(([key, { state }]) => key.startsWith("question:") && state !== "on_air").map(([, question]) => question);
    const known = new Set(sent.map(({ id }) => id));
    const approved = [...questions.items.values()].filter(({ id, state }) => state === "approved" && !known.has(id));
    const waiting = [...sent, ...approved];
    const listed = waiting.map((question) => ({ ...question, votes: questions.levels.get(question.id) ?? 0, voted: false, own: false, sent: known.has(question.id) }));
    const byKey = new Map(listed.map((question) => [question.id, question]));
    const order = orderOf(listed.filter((one) => !one.sent), [...known]);
    const shown = order.slice(0, SHOWN).flatMap((id) => byKey.get(id) ?? []);
    keyed(
      byId("queue"),
      shown,
      ({ id }) => id,
      () => h("li", {}, h("span", { class: "tag times" }), h("div", {}, h("p", { class: "text" }), h("p", { class: "small quiet" }))),
      (item, { text, author, votes, sent: isSent }) => {
        const [count, said] = [...item.children];
        if (!count || !said) return;
        setText(count, isSent ? say("For you") : sayCount(votes, "{count} vote", "{count} votes"));
        setText(/** @type {Element} */ (said.firstElementChild), text);
        setText(/** @type {Element} */ (said.lastElementChild), author ?? say("Asked anonymously"));
      },
    );
    show(byId("queue-empty"), questions.ready && waiting.length === 0);
    setText(byId("queue-more"), waiting.length > SHOWN ? say("{count} more wait.", { count: waiting.length - SHOWN }) : "");
  });
  questions.on("change", render);
  backstage.on("change", render);
  render();
}
