/** The way in for somebody without a token: by registering, or with what the organiser gave them. */

import { register, asShowcallerError } from "/sdk/index.js";

import { h, setAttribute, setText, show } from "./dom.js";
import { errorText, sentence } from "./error_text.js";
import { keepToken } from "./identity.js";
import { say } from "./words.js";

/**
 * @typedef {object} SignInOptions
 * @property {string} event
 * @property {string} title
 * @property {string} lead why, in a sentence
 * @property {boolean} registers whether registering helps here; else only the organiser's link does
 * @property {string} [notice] what happened before
 * @property {boolean} [alone] whether it is all that the page shows
 * @property {import("/sdk/types.js").Consent[] | Promise<import("/sdk/types.js").Consent[]>} [consents] what there is to agree to, once that is known
 */

/**
 * Why to join, in words.
 *
 * @param {boolean} over whether the event is
 * @returns {{title: string, lead: string, summary: string}}
 */
export function joinWords(over) {
  const title = say("Join the event");
  if (over) return { title, lead: say("It is over. Join to read what was asked and answered."), summary: say("Join to read the questions") };
  return { title, lead: say("Watch the talks live, ask questions and vote."), summary: say("Join to watch and ask") };
}

/**
 * A card with the form. `done` is called with the token, which is kept already.
 *
 * @param {SignInOptions} options
 * @param {(token: string) => void} done
 * @returns {HTMLElement}
 */
export function signInCard({ event, title, lead, registers, notice = "", alone = false, consents = [] }, done) {
  const accept = (/** @type {string} */ token) => {
    keepToken(event, token);
    done(token);
  };
  return h(
    "section",
    { class: `card sign-in stack${alone ? " alone" : ""}`, "aria-labelledby": "sign-in-title" },
    h(alone ? "h1" : "h2", { id: "sign-in-title" }, title),
    notice && h("p", { class: "error", role: "alert" }, notice),
    h("p", { class: "quiet", id: "sign-in-lead" }, lead),
    registers && registrationForm(event, consents, accept),
    tokenForm(registers, accept),
  );
}

/**
 * @param {string} event
 * @param {import("/sdk/types.js").Consent[] | Promise<import("/sdk/types.js").Consent[]>} consents
 * @param {(token: string) => void} accept
 */
function registrationForm(event, consents, accept) {
  const name = h("input", { id: "name", name: "name", autocomplete: "name", maxlength: "120", required: true });
  const code = h("input", { id: "invite-code", name: "invite_code", autocomplete: "off" });
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { class: "primary", type: "submit" }, say("Join the event"));
  const boxes = h("div", { class: "stack", id: "consents" });
  const asked = Promise.resolve(consents).then((known) => known.map((consent) => consentBox(consent, boxes)));
  const submit = async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    setText(error, "");
    if (name.value.trim() === "") {
      setAttribute(name, "aria-invalid", "true");
      return setText(error, say("Write your name first."));
    }
    button.disabled = true;
    try {
      const given = (await asked).filter(({ box }) => box.checked).map(({ consent: { id, version } }) => [id, version]);
      const { token } = await register({ event, name: name.value.trim(), inviteCode: code.value.trim(), consents: Object.fromEntries(given) });
      accept(token);
    } catch (raw) {
      const { message, code: problem } = asShowcallerError(raw);
      setText(error, ["unreachable", "rate_limited"].includes(problem) ? errorText(raw) : sentence(message));
      if (!problem.startsWith("consent_")) setAttribute(problem === "bad_invite_code" ? code : name, "aria-invalid", "true");
      button.disabled = false;
    }
    return undefined;
  };
  return h(
    "form",
    { class: "stack", onsubmit: submit, id: "registration" },
    field("name", say("Your name"), name, say("Shown with the questions that you ask, unless you ask anonymously.")),
    field("invite-code", say("Invite code"), code, say("Only if you were given one.")),
    boxes,
    error,
    h("div", { class: "row" }, button),
  );
}

/**
 * A box to tick for a consent, put into `boxes`.
 *
 * @param {import("/sdk/types.js").Consent} consent
 * @param {HTMLElement} boxes
 */
function consentBox(consent, boxes) {
  const box = h("input", { type: "checkbox", id: `consent-${consent.id}`, required: consent.required });
  const more = consent.url && h("a", { href: consent.url, target: "_blank", rel: "noopener", "aria-label": say("Read all of it: {text}", { text: consent.text }) }, say("Read all of it"));
  const said = consent.required ? consent.text : say("{text} (if you want)", { text: consent.text });
  boxes.append(h("div", { class: "row" }, h("label", { class: "check" }, box, h("span", {}, said)), more));
  return { consent, box };
}

/**
 * @param {boolean} folded
 * @param {(token: string) => void} accept
 */
function tokenForm(folded, accept) {
  const input = h("input", { id: "own-token", autocomplete: "off", spellcheck: "false", required: true });
  const submit = (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    const given = input.value.trim();
    const code = /#code=([^&\s]+)/.exec(given)?.[1];
    if (code) return location.assign(`#code=${code}`), location.reload();
    return accept(/#token=([^&\s]+)/.exec(given)?.[1] ?? given);
  };
  const form = h(
    "form",
    { class: "stack", onsubmit: submit },
    field("own-token", say("Your link"), input, say("Paste what the organiser sent you.")),
    h("div", { class: "row" }, h("button", { class: folded ? "" : "primary", type: "submit" }, say("Use it"))),
  );
  return folded ? h("details", { class: "stack" }, h("summary", {}, say("I have a link")), form) : form;
}

/**
 * A label, its input and a hint.
 *
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(id, label, input, hint = "") {
  const hintId = `${id}-hint`;
  if (hint) input.setAttribute("aria-describedby", hintId);
  const below = h("span", { class: "hint", id: hintId }, hint);
  show(below, hint !== "");
  return h("div", { class: "field" }, h("label", { for: id }, label), input, below);
}
