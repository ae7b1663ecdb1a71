/** The way in for a guest: their link has all but their name. */

import { asShowcallerError } from "/sdk/index.js";

import { h, setAttribute, setText } from "./dom.js";
import { errorText, sentence } from "./error_text.js";
import { useLink } from "./identity.js";
import { field } from "./sign_in.js";
import { say } from "./words.js";

/**
 * @param {string} event
 * @param {string} code of the link
 * @param {(token: string) => void} done called with the token, which is kept already
 * @returns {HTMLElement}
 */
export function guestCard(event, code, done) {
  const name = h("input", { id: "guest-name", name: "name", autocomplete: "name", maxlength: "120", required: true });
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, say("Go to the green room"));
  const fail = (/** @type {string} */ text) => {
    setText(error, text);
    setAttribute(name, "aria-invalid", text ? "true" : null);
    button.disabled = false;
  };
  const submit = async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    fail("");
    if (name.value.trim() === "") return fail(say("Write your name first."));
    button.disabled = true;
    try {
      done(await useLink(event, code, name.value.trim()));
    } catch (raw) {
      const { code: problem, message } = asShowcallerError(raw);
      fail(problem === "bad_text" ? sentence(message) : errorText(raw));
    }
    return undefined;
  };
  return h(
    "section",
    { class: "card sign-in stack alone", "aria-labelledby": "guest-title" },
    h("h1", { id: "guest-title" }, say("Welcome to the stage")),
    h("p", { class: "quiet" }, say("You were invited to speak. Nobody sees or hears you before you say so.")),
    h("form", { class: "stack", onsubmit: submit }, field("guest-name", say("Your name"), name, say("Shown beside your picture.")), error, h("div", { class: "row" }, button)),
  );
}
