/** On a desk without a connection: what is pressed now is not sent, and the page says so before somebody presses. */

import { byId, setText } from "./dom.js";
import { say } from "./words.js";

const TEXT = say("Not connected. Nothing that you press is sent until the connection is back.");

/** @param {import("/sdk/index.js").ShowcallerClient} client */
export function markOffline(client) {
  let before = "";
  client.on("status", ({ state }) => {
    const error = byId("error");
    if (state === before) return; // another try: what was said since stays
    before = state;
    if (state === "reconnecting") setText(error, TEXT);
    else if (state === "connected") setText(error, "");
  });
}
