/** What people thought of each talk, for producers: asked for when the box is opened, and as files. */

import { eventUrl, fetchFeedback } from "/sdk/http.js";

import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { commentItem } from "./feedback_list.js";
import { headline } from "./feedback_model.js";
import { saveFile } from "./saved_file.js";

/** @typedef {import("/sdk/types.js").SessionFeedback} SessionFeedback */

export class FeedbackReports {
  #page;

  /** @param {import("./page.js").EventPage} page */
  constructor(page) {
    this.#page = page;
    const box = byId("feedback-box", HTMLDetailsElement);
    box.addEventListener("toggle", () => box.open && void this.#run(() => this.#load()));
    for (const kind of ["csv", "json"]) {
      const name = `feedback.${kind}`;
      const save = () => saveFile(eventUrl(page.place, `/exports/${name}`), name, page.client?.token ?? "");
      byId(`feedback-${kind}`).addEventListener("click", () => void this.#run(save));
    }
  }

  async #load() {
    const { sessions } = await fetchFeedback({ ...this.#page.place, token: this.#page.client?.token ?? "" });
    show(byId("feedback-empty"), sessions.length === 0);
    show(byId("feedback-files"), sessions.length > 0);
    const key = (/** @type {SessionFeedback} */ { session, ratings, comments }) => `${session} ${ratings} ${comments.length} ${comments.at(-1)?.said_ms}`;
    keyed(byId("feedback-list"), sessions, key, newReport);
  }

  /** @param {() => Promise<unknown>} work */
  async #run(work) {
    setText(byId("feedback-error"), "");
    try {
      await work();
    } catch (error) {
      setText(byId("feedback-error"), errorText(error));
    }
  }
}

/** @param {SessionFeedback} feedback */
function newReport({ session, title, stars, comments }) {
  const tally = stars.map((count, place) => ({ stars: place + 1, count }));
  const summary = h("summary", {}, h("b", {}, title || session), h("span", { class: "small quiet times" }, ` ${headline(tally)}`));
  const said = [...comments].reverse().map(commentItem);
  return h("li", { "data-feedback": session }, said.length ? h("details", {}, summary, h("ul", { class: "plain-list stack" }, ...said)) : h("p", {}, ...summary.childNodes));
}
