/** Files that the server makes, saved by the browser. */

import { h } from "./dom.js";
import { say } from "./words.js";

/**
 * Saves what an address answers. The token goes in a header, which a plain link can't send.
 *
 * @param {string} url
 * @param {string} name of the file
 * @param {string} token
 */
export async function saveFile(url, name, token) {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(say("The server answered {status}.", { status: answer.status }));
  const kept = URL.createObjectURL(await answer.blob());
  h("a", { href: kept, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(kept), 60_000);
}
