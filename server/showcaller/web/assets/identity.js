/**
 * Who this browser is at an event. A token comes from a registration, or in the address's fragment, where it is
 * gone before anything else happens. Of a short link the fragment has a code, which becomes a token once, in one browser.
 *
 * An attendee is one in the whole browser: their token is in its local storage, for every tab and until they
 * sign out. Staff tokens are never written there: a tab keeps its own, and gives it to a new tab that asks
 * while it is open. So they are gone with the last tab.
 */

import { asShowcallerError, randomKey, useCode } from "/sdk/index.js";

import { errorText } from "./error_text.js";
import { inBrowser, inTab } from "./remember.js";
import { claimsOf, hasRole, isAttendees } from "./token_claims.js";

/** The code of a guest's link, who has not said their name yet; "": there is none. */
let guestCode = "";
const ANSWER_WITHIN_MS = 150;
const BROWSER = "showcaller:browser"; // a secret that the codes of this browser are bound to

/** Where an earlier load of this tab leaves a message. */
export const NOTICE = "showcaller:notice";

/** @param {string} event */
const storageKey = (event) => `showcaller:token:${event}`;

/** @param {string} event between the tabs of this browser */
const channelTo = (event) => new BroadcastChannel(`showcaller:${event}`);

/**
 * The token that this tab uses, if there is one: the one that was given, else its own, else the one that
 * another tab has for such a page, else the attendee's.
 *
 * @param {string} event
 * @param {string[]} roles that the page needs; none: it is for everybody
 * @returns {Promise<string | null>}
 */
export async function takeToken(event, roles) {
  await takeFromAddress(event);
  const own = inTab.get(storageKey(event));
  if (own) return own;
  const attendees = inBrowser.get(storageKey(event));
  if (attendees && roles.length === 0) return attendees;
  const lent = await askOtherTabs(event, roles);
  if (lent) inTab.set(storageKey(event), lent);
  return lent ?? attendees;
}

/** @param {string} event */
async function takeFromAddress(event) {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const [token, code] = [fragment.get("token"), fragment.get("code")];
  if (token) {
    clearAddress();
    keepToken(event, token);
  } else if (code) {
    await redeem(event, code);
  }
}

function clearAddress() {
  history.replaceState(history.state, "", location.pathname + location.search);
}

/**
 * Makes a short link's code a token. Where the server can't be reached the code stays, for the next load.
 *
 * @param {string} event
 * @param {string} code
 */
export async function redeem(event, code) {
  try {
    await useLink(event, code);
  } catch (raw) {
    const { code: problem } = asShowcallerError(raw);
    if (problem === "name_needed") return void (guestCode = code);
    inTab.set(NOTICE, errorText(raw));
    if (problem === "no_link" || problem === "link_used") clearAddress();
  }
  return undefined;
}

/** The code of a guest's link, who has not said their name yet; "": there is none. */
export const codeOfGuest = () => guestCode;

/**
 * @param {string} event
 * @param {string} code
 * @param {string} [name] what a guest is called
 * @returns {Promise<string>} the token, which is kept already
 */
export async function useLink(event, code, name) {
  const browser = inBrowser.get(BROWSER) ?? randomKey();
  inBrowser.set(BROWSER, browser);
  const { token } = await useCode({ event, code, browser, name });
  keepToken(event, token);
  clearAddress();
  return token;
}

/**
 * @param {string} event
 * @param {string} token
 */
export function keepToken(event, token) {
  const attendees = isAttendees(token);
  inTab.set(storageKey(event), attendees ? null : token);
  if (attendees) inBrowser.set(storageKey(event), token);
}

/**
 * Forgets a token that was refused, but not a newer one that another tab has got meanwhile.
 *
 * @param {string} event
 * @param {string} token
 */
export function forgetToken(event, token) {
  for (const memory of [inTab, inBrowser]) {
    if (memory.get(storageKey(event)) === token) memory.set(storageKey(event), null);
  }
}

/**
 * Signs out of the event in every tab of this browser.
 *
 * @param {string} event
 */
export function signOut(event) {
  inTab.set(storageKey(event), null);
  inBrowser.set(storageKey(event), null);
  const channel = channelTo(event);
  channel.postMessage({ op: "left" });
  channel.close();
}

/**
 * Serves the other tabs, and tells when they have made this one somebody else.
 *
 * @param {string} event
 * @param {() => string | null} current the token that this page uses
 * @param {() => void} onChange somebody signed in or out elsewhere in this browser
 */
export function shareIdentity(event, current, onChange) {
  const channel = channelTo(event);
  channel.addEventListener("message", ({ data }) => {
    const own = inTab.get(storageKey(event));
    if (data.op === "ask" && own && hasRole(own, data.roles)) channel.postMessage({ op: "lend", to: data.from, token: own });
    if (data.op === "left") {
      inTab.set(storageKey(event), null);
      onChange();
    }
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === storageKey(event) && !inTab.get(key) && isSomebodyElse(current(), newValue)) onChange();
  });
}

/**
 * @param {string | null} before
 * @param {string | null} now
 */
function isSomebodyElse(before, now) {
  return claimsOf(before ?? "").person !== claimsOf(now ?? "").person;
}

/**
 * @param {string} event
 * @param {string[]} roles
 * @returns {Promise<string | null>} null: no tab has such a token
 */
function askOtherTabs(event, roles) {
  const channel = channelTo(event);
  const from = randomKey();
  return new Promise((resolve) => {
    const end = (/** @type {string | null} */ token) => {
      channel.close();
      resolve(token);
    };
    channel.addEventListener("message", ({ data }) => data.op === "lend" && data.to === from && end(data.token));
    channel.postMessage({ op: "ask", from, roles });
    setTimeout(() => end(null), ANSWER_WITHIN_MS);
  });
}
