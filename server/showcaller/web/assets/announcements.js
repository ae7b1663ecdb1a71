/** The newest announcement as a banner below the header, until it is old or dismissed. */

import { eachFrame, byId, h, keyed } from "./dom.js";
import { inTab } from "./remember.js";
import { say } from "./words.js";

const FRESH_MS = 15 * 60_000;

/**
 * @typedef {import("/sdk/types.js").Announcement} Announcement
 * @typedef {import("/sdk/index.js").Channel} Channel
 *
 * @param {import("./page.js").EventPage} page
 */
export function showAnnouncements(page) {
  const { client } = page;
  if (!client) return;
  /** @type {Set<Channel>} */
  const heard = new Set();
  const render = eachFrame(() => {
    const channels = channelsOf(client, page.place.session);
    for (const channel of channels) {
      if (!heard.has(channel)) channel.on("change", render);
      heard.add(channel);
    }
    const newest = fresh(channels, page).slice(0, 1);
    keyed(byId("banners"), newest, ({ id }) => id, (announcement) => banner(announcement, render));
  });
  page.onTick(render);
}

/**
 * To everybody, and to the audience of the session that the page shows now.
 *
 * @param {import("/sdk/index.js").ShowcallerClient} client
 * @param {string | null} session
 */
function channelsOf(client, session) {
  return ["announcements", ...(session ? [`session/${session}`] : [])].map((name) => client.follow(name));
}

/**
 * @param {Channel[]} channels
 * @param {import("./page.js").EventPage} page
 * @returns {Announcement[]} newest first
 */
function fresh(channels, page) {
  const all = channels.flatMap((channel) => [...channel.items].filter(([key]) => isAnnouncement(channel, key)));
  return all
    .map(([, announcement]) => announcement)
    .filter(({ id, called_ms }) => page.isFresh(called_ms, FRESH_MS) && inTab.get(dismissedKey(id)) === null)
    .sort((a, b) => b.called_ms - a.called_ms);
}

/**
 * @param {Channel} channel
 * @param {string} key
 */
function isAnnouncement(channel, key) {
  return channel.name === "announcements" || key.startsWith("announcement:");
}

/** @param {string} id */
const dismissedKey = (id) => `showcaller:dismissed:${id}`;

/**
 * @param {Announcement} announcement
 * @param {() => void} render
 */
function banner({ id, text }, render) {
  const dismiss = () => {
    inTab.set(dismissedKey(id), "1");
    render();
  };
  return h(
    "div",
    { class: "banner", "data-announcement": id },
    h("p", {}, h("strong", {}, say("Announcement")), h("span", { class: "text" }, text)),
    h("button", { class: "compact", type: "button", onclick: dismiss }, say("Dismiss")),
  );
}
