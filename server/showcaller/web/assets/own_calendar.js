/** The menu of one's own agenda: a calendar that follows it, as a link that is one's own. */

import { errorText } from "./error_text.js";
import { closeOutside, h, setText } from "./dom.js";
import { say } from "./words.js";

/**
 * @param {import("/sdk/index.js").ShowcallerClient} client
 * @param {HTMLElement} more what else stands in the menu
 * @returns {HTMLElement}
 */
export function ownCalendarMenu(client, more) {
  const note = h("p", { class: "small quiet", role: "status" });
  const subscribe = h("a", { class: "button compact", href: "" }, say("Open in my calendar"));
  const download = h("a", { class: "button compact", href: "", download: "my-agenda.ics" }, say("Download"));
  const run = (/** @type {() => Promise<void>} */ work) => () => void work().catch((error) => setText(note, errorText(error)));
  const use = (/** @type {{path: string}} */ { path }) => {
    subscribe.href = `webcal://${location.host}${path}`;
    download.href = path;
  };
  const copy = run(async () => {
    const { path } = await client.ownCalendar();
    await copyText(`${location.origin}${path}`, note);
  });
  const renew = run(async () => {
    use(await client.renewCalendar());
    setText(note, say("This is a new link. The one before leads nowhere now."));
  });
  const menu = h(
    "details",
    { class: "own-calendar" },
    h("summary", { class: "button compact" }, say("Calendar and reminders")),
    h(
      "div",
      { class: "card stack small" },
      h("h2", {}, say("My calendar")),
      h("p", { class: "quiet" }, say("A calendar of your starred sessions. It moves when they move. The link is yours alone: whoever has it sees what you starred.")),
      h("div", { class: "row" }, subscribe, download, h("button", { class: "compact", type: "button", onclick: copy }, say("Copy link")), h("button", { class: "compact", type: "button", onclick: renew }, say("New link"))),
      note,
      more,
    ),
  );
  menu.addEventListener("toggle", () => menu.open && run(async () => use(await client.ownCalendar()))());
  closeOutside(menu);
  return menu;
}

/**
 * @param {string} text
 * @param {HTMLElement} note
 */
async function copyText(text, note) {
  try {
    await navigator.clipboard.writeText(text);
    setText(note, say("Copied."));
  } catch {
    // A page without HTTPS may not write to the clipboard.
    const field = h("input", { readonly: true, value: text, "aria-label": say("Link to my calendar") });
    note.replaceChildren(field);
    field.select();
  }
}
