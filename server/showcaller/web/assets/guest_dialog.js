/** A link for somebody without an account who speaks in a session: made, shown once, copied. */

import { byId, h, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { address } from "./place.js";
import { field } from "./sign_in.js";
import { say, sayCount } from "./words.js";

const DAYS = [1, 7, 30];

/**
 * @param {import("./page.js").EventPage} page
 * @param {import("/sdk/types.js").Session} session
 */
export function openGuestDialog(page, session) {
  const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
  const dialog = byId("guest", HTMLDialogElement);
  const days = h("select", { id: "guest-days" }, ...DAYS.map((count) => h("option", { value: String(count), selected: count === 7 }, sayCount(count, "{count} day", "{count} days"))));
  const link = h("input", { id: "guest-link", readonly: true });
  const made = h("div", { class: "stack", hidden: true }, field("guest-link", say("The guest’s link"), link, say("It works in the first browser that opens it. It is not shown again.")));
  const note = h("p", { class: "note", role: "status" });
  const error = h("p", { class: "error", role: "alert" });
  const make = h("button", { class: "primary", type: "submit" }, say("Make the link"));
  const copy = h("button", { type: "button", hidden: true, onclick: () => void copyLink(link, note) }, say("Copy"));
  const submit = async (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    setText(error, "");
    make.disabled = true;
    try {
      const { code } = await client.produce.inviteGuest(session.id, Number(days.value));
      link.value = `${location.origin}${address(page.place.event, "speak", session.id)}#code=${code}`;
      for (const part of [made, copy]) show(part, true);
      setText(make, say("Make another one"));
      link.select();
    } catch (raw) {
      setText(error, errorText(raw));
    }
    make.disabled = false;
  };
  dialog.replaceChildren(
    h(
      "form",
      { class: "stack", onsubmit: submit },
      h("h2", { id: "guest-title" }, say("A guest for “{title}”", { title: session.title })),
      h("p", { class: "quiet small" }, say("One link for one speaker, who needs no account and types their name. It is revoked on the page Access.")),
      field("guest-days", say("Good for"), days),
      made,
      note,
      error,
      h("div", { class: "row" }, make, copy, h("button", { type: "button", onclick: () => dialog.close() }, say("Close"))),
    ),
  );
  dialog.showModal();
}

/**
 * @param {HTMLInputElement} link
 * @param {HTMLElement} note
 */
async function copyLink(link, note) {
  link.select();
  try {
    await navigator.clipboard.writeText(link.value);
    setText(note, say("Copied."));
  } catch {
    // A page without HTTPS may not write to the clipboard: the link is selected.
    setText(note, say("Copy what is selected."));
  }
}
