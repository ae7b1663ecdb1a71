/** The form in which somebody rates a talk that is over, and changes their mind. */

import { byId, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { ownText, takesRatings } from "./feedback_model.js";
import { QUESTION, lengthProblem } from "./grapheme_text.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").OwnRating} OwnRating
 */

export class RatingForm {
  #client;
  #me;
  /** @type {Session | null} */
  #session = null;
  /** Whether somebody changes what they gave before. */
  #changing = false;
  #form = byId("rating", HTMLFormElement);
  #text = byId("rating-text", HTMLTextAreaElement);

  /** @param {ShowcallerClient} client */
  constructor(client) {
    this.#client = client;
    this.#me = client.follow("me");
    this.#me.on("change", () => this.#show());
    this.#form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.#send();
    });
    byId("rating-change").addEventListener("click", () => this.#change());
  }

  /** @param {Session} session that the page shows now */
  offer(session) {
    if (session.id !== this.#session?.id) {
      this.#changing = false;
      this.#form.reset();
      this.#fail("");
    }
    this.#session = session;
    this.#show();
  }

  /** @returns {OwnRating | undefined} */
  get #own() {
    return this.#me.items.get(`rating:${this.#session?.id}`);
  }

  #show() {
    const wanted = this.#session !== null && takesRatings(this.#session) && this.#me.ready;
    show(byId("rating-box"), wanted);
    const own = this.#own;
    show(this.#form, own === undefined || this.#changing);
    show(byId("rating-done"), own !== undefined && !this.#changing);
    setText(byId("rating-own"), own ? say("Thank you. {rating}", { rating: ownText(own) }) : "");
  }

  #change() {
    const own = this.#own;
    this.#changing = true;
    this.#show();
    const given = /** @type {HTMLInputElement | null} */ (this.#form.querySelector(`input[value="${own?.stars}"]`));
    if (given) given.checked = true;
    this.#text.value = own?.comment ?? "";
    given?.focus();
  }

  async #send() {
    const stars = Number(new FormData(this.#form).get("stars"));
    const comment = this.#text.value.trim();
    if (!stars) return this.#fail(say("Choose one to five stars first."));
    const problem = comment ? lengthProblem(comment, QUESTION) : "";
    if (problem) return this.#fail(problem);
    const send = byId("rating-send", HTMLButtonElement);
    send.disabled = true;
    try {
      await this.#client.command("session.rate", { session: this.#session?.id, stars, comment });
      this.#changing = false;
      this.#fail("");
      this.#show();
    } catch (error) {
      this.#fail(errorText(error));
    } finally {
      send.disabled = false;
    }
    return undefined;
  }

  /** @param {string} problem */
  #fail(problem) {
    setText(byId("rating-error"), problem);
    return undefined;
  }
}
