/** Dialogs that ask for a text, or whether something that can't be taken back is meant. */

import { byId, h, setText } from "./dom.js";
import { field } from "./sign_in.js";
import { say } from "./words.js";

/**
 * Asks for a text; null if it was cancelled. Enter sends it.
 *
 * It opens at once, whatever is still asked of the server: what somebody types next is meant for it.
 *
 * @param {string} id of the dialog
 * @param {{title: string, label: string, button: string, value: string, about: string}} words
 * @param {Promise<string>} [objection] why it can't be sent, once that is known; empty: it can
 * @returns {Promise<string | null>}
 */
export async function askText(id, { title, label, button, value, about }, objection) {
  const input = h("textarea", { id: `${id}-text`, rows: "2" });
  const send = h("button", { class: "primary", value: "yes" }, button);
  const problem = h("p", { class: "error", role: "alert" });
  input.value = value;
  const typed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!send.disabled) byId(id, HTMLDialogElement).close("yes");
  };
  input.addEventListener("keydown", typed);
  void objection?.then((text) => {
    setText(problem, text);
    send.disabled = text !== "";
  });
  const body = [
    h("h2", { id: `${id}-title` }, title),
    h("blockquote", { class: "text quiet" }, about),
    field(`${id}-text`, label, input, say("Enter sends it. Shift and Enter begin a new line.")),
    problem,
    h("div", { class: "row" }, send, h("button", { value: "" }, say("Cancel"))),
  ];
  return (await shown(id, body, input)) ? input.value.trim() : null;
}

/**
 * Asks whether it is meant.
 *
 * @param {string} id of the dialog
 * @param {{title: string, text: string, about: string, button: string, more?: HTMLElement}} words `more` is shown above the buttons
 * @returns {Promise<boolean>}
 */
export async function askWhether(id, { title, text, about, button, more }) {
  const no = h("button", { value: "" }, say("Cancel"));
  const body = [
    h("h2", { id: `${id}-title` }, title),
    h("blockquote", { class: "text quiet" }, about),
    h("p", {}, text),
    ...(more ? [more] : []),
    h("div", { class: "row" }, h("button", { class: "danger", value: "yes" }, button), no),
  ];
  return shown(id, body, no);
}

/** How long a ban or a silence may last, in minutes; "": until it is lifted. @type {[string, string][]} */
const LENGTHS = [["5", say("For 5 minutes")], ["15", say("For 15 minutes")], ["60", say("For an hour")], ["1440", say("For a day")], ["", say("Until it is taken back")]];

/**
 * Asks why, and for how long; null if it was cancelled.
 *
 * @param {string} id of the dialog
 * @param {{title: string, text: string, about: string, label: string, button: string, more?: HTMLElement}} words
 * @returns {Promise<{reason?: string, minutes?: number} | null>}
 */
export async function askTerm(id, { title, text, about, label, button, more }) {
  const length = h("select", { id: `${id}-length`, "aria-label": say("How long") }, ...LENGTHS.map(([value, words]) => h("option", { value, selected: value === "" }, words)));
  const reason = h("input", { id: `${id}-reason`, type: "text", maxlength: "500" });
  const no = h("button", { value: "" }, say("Cancel"));
  const body = [
    h("h2", { id: `${id}-title` }, title),
    h("blockquote", { class: "text quiet" }, about),
    h("p", {}, text),
    length,
    field(`${id}-reason`, label, reason),
    ...(more ? [more] : []),
    h("div", { class: "row" }, h("button", { class: "danger", value: "yes" }, button), no),
  ];
  if (!(await shown(id, body, no))) return null;
  const why = reason.value.trim();
  return { ...(why && { reason: why }), ...(length.value && { minutes: Number(length.value) }) };
}

/**
 * Asks for one of several; null if it was cancelled.
 *
 * @param {string} id of the dialog
 * @param {{title: string, text: string, about: string, label: string, button: string, choices: {value: string, text: string}[]}} words
 * @returns {Promise<string | null>}
 */
export async function askChoice(id, { title, text, about, label, button, choices }) {
  const list = h("select", { id: `${id}-choice`, size: String(Math.min(8, Math.max(2, choices.length))) }, ...choices.map((one, at) => h("option", { value: one.value, selected: at === 0 }, one.text)));
  const body = [
    h("h2", { id: `${id}-title` }, title),
    h("blockquote", { class: "text quiet" }, about),
    h("p", {}, text),
    field(`${id}-choice`, label, list),
    h("div", { class: "row" }, h("button", { class: "primary", value: "yes" }, button), h("button", { value: "" }, say("Cancel"))),
  ];
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    byId(id, HTMLDialogElement).close("yes");
  });
  return (await shown(id, body, list)) ? list.value || null : null;
}

/**
 * @param {string} id
 * @param {HTMLElement[]} body
 * @param {HTMLElement} first that has the focus
 * @returns {Promise<boolean>} whether it was not cancelled
 */
function shown(id, body, first) {
  const dialog = byId(id, HTMLDialogElement);
  dialog.returnValue = "";
  dialog.replaceChildren(h("form", { method: "dialog", class: "stack" }, ...body));
  dialog.showModal();
  first.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
