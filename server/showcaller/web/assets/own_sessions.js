/** Links to all sessions that a speaker speaks in, and the way from the one link to the right one of them. */

import { dayOf, eventOf, statusOf } from "./agenda_model.js";
import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { ownNow, ownSessions } from "./own_sessions_model.js";
import { address } from "./place.js";
import { clockTime, shortDate } from "./times.js";

/** @param {import("./page.js").EventPage} page */
function sessionsOfPage(page) {
  return ownSessions(page.items, page.client?.welcome?.sessions ?? []);
}

/**
 * Leaves for the session that counts now, once it is known.
 *
 * @param {import("./page.js").EventPage} page whose address names none
 * @returns {Promise<never>}
 */
export function goToOwnSession(page) {
  const go = () => {
    const now = page.client?.welcome && page.items.size > 0 ? ownNow(sessionsOfPage(page)) : undefined;
    if (now) location.replace(address(page.place.event, "speak", now.id));
  };
  page.client?.on("welcome", go);
  page.onChange(go);
  return new Promise(() => {});
}

/** @param {import("./page.js").EventPage} page */
export function showOwnSessions(page) {
  const own = page.client?.welcome?.sessions.length ? sessionsOfPage(page) : [];
  show(byId("own-sessions"), own.length > 1);
  keyed(
    byId("own-list"),
    own,
    ({ id }) => id,
    ({ id }) => h("li", {}, h("a", { href: address(page.place.event, "speak", id) }), " ", h("span", { class: "small quiet times" })),
    (item, session) => {
      const [link, when] = /** @type {HTMLElement[]} */ ([...item.children]);
      if (!link || !when) return;
      setText(link, session.title);
      setAttribute(link, "aria-current", session.id === page.place.session ? "page" : null);
      const status = statusOf(session, page.items).text;
      const event = eventOf(page.items);
      // A time alone would be taken for today's.
      const day = (event?.days ?? []).length > 1 ? shortDate(dayOf(session, event, false)) : "";
      setText(when, [day, clockTime(session.expected.start_ms, event), status].filter(Boolean).join(", "));
    },
  );
}
