/** The speakers of an event, and each one's own page: who they are, where else they are to be found, their talks. */

import { fetchSpeaker } from "/sdk/index.js";

import { eventOf, withDays } from "./agenda_model.js";
import { picture, pictureAddress } from "./brand.js";
import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { Favourites } from "./favourites.js";
import { openPage, refuse } from "./page.js";
import { address } from "./place.js";
import { SessionRow } from "./session_row.js";
import { byName, paragraphs, talksOf, workOf } from "./speaker_model.js";
import { isOwnZone, zoneName } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Event} Event
 * @typedef {import("/sdk/types.js").Session} Session
 */

const page = await openPage({ name: "speaker", title: say("Speakers"), reading: true });
const speaker = page.place.session; // what stands there in the address
page.place.session = null;
const favourites = new Favourites(page.client, render);
/** @type {Map<string, SessionRow>} */
const rows = new Map();
/** Whose words are shown, as the event was when they were asked for. @type {Event | null} */
let asked = null;

page.favourites = favourites;
page.client?.on("welcome", render);
page.onChange(render);

function render() {
  const event = eventOf(page.items);
  if (!event) return;
  setAttribute(byId("to-all"), "href", address(event.id, "speakers"));
  show(byId("one"), speaker !== null);
  show(byId("all"), speaker === null);
  if (speaker === null) renderAll(event);
  else renderOne(event, speaker);
  if (!page.client || (page.client.welcome && favourites.ready)) page.reveal();
}

/** @param {Event} event */
function renderAll(event) {
  show(byId("none"), event.speakers.length === 0);
  keyed(
    byId("speakers"),
    byName(event.speakers),
    ({ id }) => id,
    ({ id, photo }) => {
      const src = pictureAddress(event.id, photo);
      const words = h("span", {}, h("a", { href: address(event.id, "speakers", id) }), h("span", { class: "small quiet" }));
      return h("li", { class: "card person" }, src ? picture(src, "photo") : null, words);
    },
    (item, one) => {
      const words = /** @type {HTMLElement} */ (item.lastElementChild);
      setText(/** @type {HTMLElement} */ (words.firstElementChild), one.name);
      setText(/** @type {HTMLElement} */ (words.lastElementChild), workOf(one));
    },
  );
}

/**
 * @param {Event} event
 * @param {string} id
 */
function renderOne(event, id) {
  const one = event.speakers.find((each) => each.id === id);
  if (!one) return refuse(say("There is no such speaker"), say("The agenda names everybody who speaks."));
  document.title = `${one.name} – ${event.title}`;
  setText(byId("name"), one.name);
  setText(byId("work"), workOf(one));
  const src = pictureAddress(event.id, one.photo);
  if (src && !byId("photo").firstChild) byId("photo").append(picture(src, "portrait"));
  if (asked !== event && one.more) void readMore((asked = event), id);
  renderTalks(event, id);
  return undefined;
}

/**
 * @param {Event} event
 * @param {string} id
 */
async function readMore(event, id) {
  try {
    const { biography, links } = await fetchSpeaker({ ...page.place, speaker: id });
    byId("biography").replaceChildren(...paragraphs(biography).map((text) => h("p", { class: "text" }, text)));
    byId("links").replaceChildren(...links.map(({ title, url }) => h("li", {}, h("a", { href: url, rel: "noopener noreferrer nofollow" }, title))));
    show(byId("links"), links.length > 0);
  } catch {
    if (asked === event) asked = null; // once more with the next change
  }
}

/**
 * @param {Event} event
 * @param {string} id
 */
function renderTalks(event, id) {
  const same = isOwnZone(event, event.starts_at_ms) && isOwnZone(event, event.ends_at_ms);
  const context = {
    event,
    own: false,
    items: page.items,
    eventId: event.id,
    zone: event,
    otherZone: undefined,
    otherLabel: same ? "" : zoneName(event.starts_at_ms),
    stages: event.stages.length > 1,
    showNow: () => page.showNow() ?? 0,
    favourites: () => ({ ready: favourites.ready, all: favourites.all }),
    clashes: () => new Map(),
    star: (/** @type {string} */ session) => void favourites.toggle(session),
  };
  const update = (/** @type {HTMLElement} */ _, /** @type {Session | string} */ line) => {
    if (typeof line !== "string") rows.get(line.id)?.update(line, context);
  };
  keyed(byId("talks"), withDays(talksOf(page.items, id), event), (line) => (typeof line === "string" ? `day:${line}` : line.id), newRow, update);
}

/** @param {Session | string} talk or the heading of a day */
function newRow(talk) {
  if (typeof talk === "string") return h("li", { class: "day" }, h("h3", {}, talk));
  const row = new SessionRow(talk);
  rows.set(talk.id, row);
  return row.element;
}
