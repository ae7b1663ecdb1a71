/** The menu of one's own identity, with what one can do about it: take it along to another device, and sign out. */

import { makeCode } from "/sdk/index.js";

import { roleWord } from "./access_model.js";
import { closeOutside, h, setText, show } from "./dom.js";
import { signOut } from "./identity.js";
import { address } from "./place.js";
import { isAttendees } from "./token_claims.js";
import { say } from "./words.js";

/**
 * @param {string} event
 * @param {import("/sdk/index.js").ShowcallerClient | null} client null: nobody is signed in
 * @returns {HTMLElement}
 */
export function identityMenu(event, client) {
  if (client === null) return h("span", {});
  const who = h("summary", { id: "who", class: "who" });
  const note = h("p", { class: "small quiet", role: "status" });
  const copy = h("button", { class: "compact", type: "button", onclick: () => void copyLink(event, client.token, note) }, say("Copy my link"));
  const leave = () => {
    signOut(event);
    location.reload();
  };
  const explained = h("p", { class: "small quiet" });
  const menu = h(
    "details",
    { class: "me", hidden: true },
    who,
    h("div", { class: "card stack" }, explained, h("div", { class: "row" }, copy, h("button", { class: "compact", type: "button", onclick: leave }, say("Sign out"))), note),
  );
  client.on("welcome", ({ name, roles }) => {
    const held = roles.find((one) => one !== "attendee");
    const role = held && roleWord(held);
    setText(who, role && name ? `${name} (${role})` : name || role || say("You"));
    const attendee = isAttendees(client.token);
    setText(explained, attendee ? ATTENDEE : STAFF);
    show(menu, true);
  });
  closeOutside(menu);
  return menu;
}

const ATTENDEE =
  say("You are signed in in every tab of this browser. Your own link signs you in on one other device, or here again: keep it to yourself. After signing out, only such a link brings your questions and votes back.");
const STAFF =
  say("You are signed in until you close the last tab of this event, or sign out. Your link brings you back in this browser. For another device, copy one more.");

/**
 * @param {string} event
 * @param {string} token
 * @param {HTMLElement} note
 */
async function copyLink(event, token, note) {
  const link = `${location.origin}${isAttendees(token) ? address(event) : location.pathname}#${await fragmentFor(event, token)}`;
  try {
    await navigator.clipboard.writeText(link);
    setText(note, say("Copied."));
  } catch {
    // A page without HTTPS may not write to the clipboard.
    const field = h("input", { readonly: true, value: link, "aria-label": say("My link") });
    note.replaceChildren(field);
    field.select();
  }
}

/**
 * A code, where the server makes one: it serves one browser only. Else the token itself.
 *
 * @param {string} event
 * @param {string} token
 */
async function fragmentFor(event, token) {
  try {
    return `code=${(await makeCode({ event, token })).code}`;
  } catch {
    return `token=${token}`;
  }
}
