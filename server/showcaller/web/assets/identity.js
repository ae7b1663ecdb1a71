/**
 * Whose token this page holds. It comes in the address's fragment or from a registration, lives in
 * the tab's session storage, and is gone from the address before anything else happens.
 */

/** @type {Map<string, string>} */
const memory = new Map(); // where the browser allows no storage

/** @param {string} event */
const storageKey = (event) => `showcaller:token:${event}`;

/**
 * The token for this event, if there is one.
 *
 * @param {string} event
 * @returns {string | null}
 */
export function takeToken(event) {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    history.replaceState(history.state, "", location.pathname + location.search);
    keepToken(event, given);
  }
  return read(storageKey(event));
}

/**
 * @param {string} event
 * @param {string} token
 */
export function keepToken(event, token) {
  write(storageKey(event), token);
}

/** @param {string} event */
export function forgetToken(event) {
  write(storageKey(event), null);
}

/**
 * What this tab remembers under a name.
 *
 * @param {string} key
 * @returns {string | null}
 */
export function read(key) {
  try {
    return sessionStorage.getItem(key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

/**
 * @param {string} key
 * @param {string | null} value null forgets
 */
export function write(key, value) {
  if (value === null) memory.delete(key);
  else memory.set(key, value);
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Without storage the token lives as long as this page.
  }
}
