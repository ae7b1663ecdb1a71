/** What producers and moderators tell a speaker: beside the clock, seen by nobody else, until the speaker has read it. */

import { byId, eachFrame, h, keyed } from "./dom.js";
import { inTab } from "./remember.js";
import { say } from "./words.js";

const SHOWN = 2;
const FRESH_MS = 30 * 60_000;

/**
 * @param {import("/sdk/index.js").Channel} backstage
 * @param {() => number} serverNow
 */
export function showLines(backstage, serverNow) {
  const render = eachFrame(() => {
    const lines = /** @type {import("/sdk/types.js").Announcement[]} */ ([...backstage.items].filter(([key]) => !key.startsWith("question:")).map(([, line]) => line));
    const unread = lines.filter(({ id, called_ms }) => (called_ms ?? 0) > serverNow() - FRESH_MS && inTab.get(readKey(id)) === null);
    unread.sort((a, b) => (b.called_ms ?? 0) - (a.called_ms ?? 0));
    keyed(byId("lines"), unread.slice(0, SHOWN), ({ id }) => id, (line) => lineItem(line, render));
  });
  backstage.on("change", render);
  render();
}

/** @param {string} id */
const readKey = (id) => `showcaller:read:${id}`;

/**
 * @param {import("/sdk/types.js").Announcement} line
 * @param {() => void} render
 */
function lineItem({ id, text, by }, render) {
  const read = () => {
    inTab.set(readKey(id), "1");
    render();
  };
  return h(
    "li",
    { class: "backstage-line", "data-line": id },
    h("p", {}, h("strong", {}, by || say("Backstage")), " ", h("span", { class: "text" }, text)),
    h("button", { class: "compact", type: "button", onclick: read }, say("Got it")),
  );
}
