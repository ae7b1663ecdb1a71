/** All announcements of the event, for those who make them: planned, sent and withdrawn. */

import { showTimeAt } from "/sdk/index.js";

import { clockOf } from "./agenda_model.js";
import { announcementState, announcementsInOrder, isPlanned } from "./announcement_model.js";
import { armButton } from "./armed_button.js";
import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { say } from "./words.js";

const SHOWN = 30;

/**
 * @typedef {import("/sdk/types.js").DeskAnnouncement} DeskAnnouncement
 *
 * @param {import("./page.js").EventPage} page
 * @param {import("/sdk/index.js").Channel} desk
 */
export function listAnnouncements(page, desk) {
  const render = eachFrame(() => renderList(page, desk));
  desk.on("change", render);
  page.agenda?.on("change", render);
}

/**
 * @param {import("./page.js").EventPage} page
 * @param {import("/sdk/index.js").Channel} desk
 */
function renderList(page, desk) {
  const clock = clockOf(page.items);
  if (!clock) return;
  const made = [...desk.items].filter(([key]) => key.startsWith("announcement:")).map(([, one]) => one);
  const times = { showNow: page.showNow() ?? 0, showAt: (/** @type {number} */ ms) => showTimeAt(clock, ms) };
  const list = byId("announcements");
  keyed(
    list,
    announcementsInOrder(made).slice(0, SHOWN),
    // The button differs by state.
    (one) => `${one.id}:${isPlanned(one)}:${one.withdrawn}`,
    (one) => newItem(page, one),
    (item, one) => {
      const [line, when] = item.children;
      if (!line || !when) return;
      item.dataset.withdrawn = String(one.withdrawn);
      setText(line, one.text);
      setText(when, announcementState(one, page.items, times));
    },
  );
  show(list, made.length > 0);
}

/**
 * @param {import("./page.js").EventPage} page
 * @param {DeskAnnouncement} announcement
 */
function newItem(page, announcement) {
  const error = h("p", { class: "error small", role: "alert" });
  const cancel = async () => {
    try {
      await page.client?.moderate.cancelAnnouncement(announcement.id);
    } catch (raw) {
      setText(error, errorText(raw));
    }
  };
  const planned = isPlanned(announcement);
  const button = h("button", { class: "compact", type: "button" }, planned ? say("Cancel") : say("Withdraw"));
  if (planned) button.addEventListener("click", () => void cancel());
  else armButton(button, say("Withdraw it?"), () => void cancel());
  return h(
    "li",
    { "data-announcement": announcement.id },
    h("span", { class: "line text" }),
    h("span", { class: "small quiet" }),
    error,
    !announcement.withdrawn && button,
  );
}
