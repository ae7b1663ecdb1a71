/** The state of somebody's reminders, in words. Pure. */

import { say } from "./words.js";

/**
 * @typedef {object} Reminders as `GET …/reminders` has them
 * @property {string} push_key empty: there is no Web Push here
 * @property {string[]} push endpoints
 * @property {boolean} mail_offered
 * @property {string} mail empty: none
 * @property {boolean} confirmed
 *
 * @typedef {object} Browser
 * @property {boolean} supported whether it has Web Push here: over HTTPS only
 * @property {"default" | "granted" | "denied"} permission
 * @property {string} endpoint of its subscription; empty: it has none
 */

/**
 * @param {Reminders} reminders
 * @param {Browser} browser
 * @returns {{shown: boolean, on: boolean, can: boolean, hint: string}} of the switch for this browser
 */
export function pushState({ push_key, push }, { supported, permission, endpoint }) {
  const on = endpoint !== "" && push.includes(endpoint);
  const shown = push_key !== "";
  if (!supported) return { shown, on: false, can: false, hint: say("This browser can’t show reminders while the page is closed.") };
  if (permission === "denied") return { shown, on: false, can: false, hint: say("This browser blocks notifications from here. Allow them in its settings.") };
  return { shown, on, can: true, hint: on ? say("They come also while no page is open.") : "" };
}

/**
 * @param {Reminders} reminders
 * @returns {string} what is to be told of mails
 */
export function mailHint({ mail, confirmed }) {
  if (!mail) return "";
  return confirmed ? say("Mails go to {mail}.", { mail }) : say("Open the link in the mail to {mail}. Until then nothing else is sent there.", { mail });
}

/**
 * The bytes of a key in base64url, as browsers want it.
 *
 * @param {string} text
 */
export function keyBytes(text) {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0));
}
