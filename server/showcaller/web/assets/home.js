/** The list of events; with only one, the page goes there. */

import { asShowcallerError, listEvents } from "/sdk/index.js";

import { byId, h, setText, show } from "./dom.js";
import { address } from "./place.js";

try {
  const { events } = await listEvents();
  if (events.length === 1) location.replace(address(events[0].id));
  else list(events);
} catch (error) {
  setText(byId("note"), `The events can’t be read: ${asShowcallerError(error).message}`);
}

/** @param {import("/sdk/types.js").Titled[]} events */
function list(events) {
  byId("events").replaceChildren(
    ...events.map(({ id, title }) => h("li", { class: "card" }, h("h2", {}, h("a", { href: address(id) }, title)))),
  );
  show(byId("note"), events.length === 0);
  setText(byId("note"), "No event runs here now.");
}
