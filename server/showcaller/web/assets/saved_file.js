/** Files that the server makes, saved by the browser. */

import { h } from "./dom.js";

/**
 * Saves what an address answers. The token goes in a header, which a plain link can't send.
 *
 * @param {string} url
 * @param {string} name of the file
 * @param {string} token
 */
export async function saveFile(url, name, token) {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const kept = URL.createObjectURL(await answer.blob());
  h("a", { href: kept, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(kept), 60_000);
}
