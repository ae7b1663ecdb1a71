/** The form that asks a question, or edits one's own while it waits for a moderator. */

import { randomKey } from "/sdk/index.js";

import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { QUESTION, graphemes, lengthProblem } from "./grapheme_text.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {{text: string, voted: boolean, vote: () => void}} Similar
 */

export class AskForm {
  #client;
  #similar;
  #session = "";
  /** The question that is being edited; empty: a new one. */
  #editing = "";
  /** Of this draft: sent again after a failure, it has no second effect. @type {string | undefined} */
  #key;
  #text = byId("ask-text", HTMLTextAreaElement);
  #anonymous = byId("ask-anonymous", HTMLInputElement);
  #send = byId("ask-send", HTMLButtonElement);

  /**
   * @param {ShowcallerClient} client
   * @param {(text: string) => Similar[]} similar what is listed and says nearly the same
   */
  constructor(client, similar) {
    this.#client = client;
    this.#similar = similar;
    byId("ask").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.#submit();
    });
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (pressed) => {
      if (pressed.key === "Enter" && (pressed.ctrlKey || pressed.metaKey)) byId("ask", HTMLFormElement).requestSubmit();
    });
    byId("ask-cancel").addEventListener("click", () => this.#reset());
    this.#typed();
  }

  /** @param {string} session whose questions are asked */
  turnTo(session) {
    const draft = this.#editing ? "" : this.#text.value;
    const began = this.#session;
    this.#session = session;
    this.#reset(draft.trim() && began ? say("You began this for the talk before. It would be asked in this one.") : "");
    this.#text.value = draft;
  }

  /** @param {import("/sdk/types.js").OwnQuestion} question */
  edit({ id, text }) {
    this.#reset();
    this.#editing = id;
    this.#text.value = text;
    setText(this.#send, say("Save"));
    show(byId("ask-cancel"), true);
    this.#typed();
    this.#text.focus();
  }

  #typed() {
    this.#key = undefined;
    const count = graphemes(this.#text.value);
    setText(byId("ask-count"), count > QUESTION.graphemes / 2 ? say("{count} of {graphemes}", { count, graphemes: QUESTION.graphemes }) : "");
    this.#fail("");
    setText(byId("ask-note"), "");
    this.#offerSimilar();
  }

  /** To vote for, in place of asking it once more. */
  #offerSimilar() {
    const similar = this.#editing ? [] : this.#similar(this.#text.value);
    show(byId("ask-similar"), similar.length > 0);
    keyed(
      byId("ask-similar-list"),
      similar,
      ({ text, voted }) => `${voted} ${text}`,
      (one) => h("li", { class: "spread" }, h("span", { class: "text small" }, one.text), one.voted ? h("span", { class: "small quiet" }, say("You vote for it")) : this.#voteButton(one)),
    );
  }

  /** @param {Similar} similar */
  #voteButton({ vote }) {
    const voted = () => {
      vote();
      this.#reset(say("Your vote was added to it."));
    };
    return h("button", { class: "compact", type: "button", onclick: voted }, say("Vote for it"));
  }

  async #submit() {
    const text = this.#text.value;
    const problem = lengthProblem(text, QUESTION);
    if (problem) return this.#fail(problem);
    this.#send.disabled = true;
    setText(byId("ask-note"), this.#client.status.state === "connected" ? "" : say("Sent as soon as the connection is back."));
    try {
      setText(byId("ask-note"), await this.#deliver(text));
      this.#reset(byId("ask-note").textContent ?? "");
    } catch (error) {
      setText(byId("ask-note"), "");
      this.#fail(errorText(error));
    } finally {
      this.#send.disabled = false;
    }
    return undefined;
  }

  /**
   * @param {string} text
   * @returns {Promise<string>} what to say about it
   */
  async #deliver(text) {
    this.#key ??= randomKey();
    if (this.#editing) {
      await this.#client.command("question.edit", { question: this.#editing, text }, this.#key);
      return say("Changed.");
    }
    const options = { anonymous: this.#anonymous.checked, key: this.#key };
    const { state } = await this.#client.ask(this.#session, text, options);
    return state === "pending" ? say("Thank you. A moderator looks at it first.") : say("Thank you. Your question is in the list.");
  }

  /** @param {string} problem */
  #fail(problem) {
    setText(byId("ask-error"), problem);
    setAttribute(this.#text, "aria-invalid", problem ? "true" : null);
    if (problem) this.#text.focus();
  }

  #reset(note = "") {
    this.#editing = "";
    this.#text.value = "";
    setText(this.#send, say("Ask"));
    show(byId("ask-cancel"), false);
    this.#typed();
    setText(byId("ask-note"), note);
  }
}
