/** The events that run here: what is on, what comes and what is over. With only one, the page goes there. */

import { asShowcallerError, listEvents, showTimeAt } from "/sdk/index.js";

import { showCover } from "./brand.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { homeParts } from "./home_model.js";
import { languageMenu } from "./language_menu.js";
import { address } from "./place.js";
import { countdown } from "./times.js";
import { say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").ListedEvent} ListedEvent
 * @typedef {import("./home_model.js").EventCard} EventCard
 */

const READ_EVERY_MS = 30_000;
const HUES = 6;

/** @type {Record<string, string>} */
const TITLES = { on: say("On now"), ahead: say("Coming up"), over: say("Over") };

/** @type {ListedEvent[]} */
let events = [];

document.querySelector(".bar")?.append(languageMenu());
await read();
setInterval(() => void read(), READ_EVERY_MS);
setInterval(() => events.length > 0 && render(), 1000);

async function read() {
  try {
    ({ events } = await listEvents());
    if (events.length === 1) return location.replace(address(events[0]?.id ?? ""));
    render();
    show(byId("note"), events.length === 0);
    setText(byId("note"), say("No event runs here now."));
  } catch (error) {
    show(byId("note"), true);
    const { message, code } = asShowcallerError(error);
    setText(byId("note"), code === "unreachable" ? say("The server can’t be reached. This page tries again by itself.") : message);
  }
  return undefined;
}

/** @param {ListedEvent} event show time there, as well as this browser's clock knows it */
function showNow({ clock }) {
  return clock ? showTimeAt(clock, Date.now()) : Date.now();
}

function render() {
  keyed(
    byId("parts"),
    homeParts(events, showNow),
    ({ part }) => part,
    ({ part }) => h("section", { class: "stack" }, h("h2", {}, TITLES[part]), h("ul", { class: "plain-list event-cards" })),
    (section, { cards }) => keyed(/** @type {Element} */ (section.lastElementChild), cards, ({ id }) => id, newCard, updateCard),
  );
}

/** @param {EventCard} card */
function newCard({ id }) {
  return h(
    "li",
    { class: "card event-card", "data-event": id, "data-hue": String(hueOf(id)) },
    h("div", { class: "cover" }),
    h("p", { class: "row" }, h("span", { class: "pill" }), h("span", { class: "quiet small times" })),
    h("h3", {}, h("a", { href: address(id) })),
    h("p", { class: "small" }),
    h("p", { class: "quiet summary" }),
  );
}

/**
 * @param {HTMLElement} element
 * @param {EventCard} card
 */
function updateCard(element, { id, title, summary, days, zone, part, untilMs, live, brand }) {
  const [cover, top, heading, when, about] = /** @type {HTMLElement[]} */ ([...element.children]);
  const [state, until] = /** @type {HTMLElement[]} */ ([...(top?.children ?? [])]);
  if (!cover || !state || !until || !heading || !when || !about) return;
  showCover(cover, id, brand);
  const event = events.find((one) => one.id === id);
  setText(state, live ? say("Live") : part === "on" ? say("Under way") : part === "ahead" ? say("Coming up") : say("Over"));
  state.dataset.tone = live ? "live" : part === "over" ? "" : "accent";
  const leftMs = event && untilMs !== null ? untilMs - showNow(event) : null;
  setText(until, leftMs === null ? (live > 1 ? sayCount(live, "{count} session now", "{count} sessions now") : "") : say("starts in {left}", { left: countdown(leftMs) }));
  setText(/** @type {Element} */ (heading.firstElementChild), title);
  setText(when, [days, zone].filter(Boolean).join(", "));
  show(when, days !== "");
  setText(about, summary);
  show(about, summary !== "");
}

/** @param {string} id a colour that stays with the event */
function hueOf(id) {
  return [...id].reduce((sum, character) => sum + (character.codePointAt(0) ?? 0), 0) % HUES;
}
