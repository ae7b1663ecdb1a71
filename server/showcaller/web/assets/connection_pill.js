/** The state of the connection, in the page's header: for the eye each second, for the ear on a change. */

import { h, setText, show } from "./dom.js";
import { say } from "./words.js";

const BY_HTTP = say("Your network lets no WebSocket through: this page goes on over plain HTTP, and everything works.");
const CLOCK_LIMIT_MS = 250; // beyond it a countdown may be off by something one can see

/** @type {Record<string, string>} */
const STOPPED = {
  banned: say("Removed from this event"),
  bad_token: "Sign-in is no longer valid",
  token_expired: "Sign-in has expired",
  closed: say("Disconnected"),
};

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 *
 * @param {ShowcallerClient | null} client null: the page only reads
 * @param {() => boolean | null} reads whether the agenda could be read; null: not known yet
 * @returns {HTMLElement}
 */
export function connectionPill(client, reads) {
  const seen = h("span", { class: "pill", id: "connection", "aria-hidden": "true" });
  const heard = h("span", { class: "visually-hidden", role: "status" });
  const retry = h("button", { class: "compact plain", type: "button", onclick: () => client?.retryNow() }, say("Try now"));
  const render = () => {
    const { text, said, tone, title } = client ? describe(client) : reading(reads());
    setText(seen, text);
    setText(heard, said);
    seen.dataset.tone = tone;
    seen.dataset.state = client?.status.state ?? "reading";
    seen.dataset.way = client?.status.way ?? "";
    seen.title = title;
    show(retry, waitMs(client) > 2000);
  };
  client?.on("status", render);
  setInterval(render, 1000);
  render();
  return h("span", { class: "row" }, retry, seen, heard);
}

/** @param {ShowcallerClient | null} client */
function waitMs(client) {
  const retryAtMs = client?.status.retryAtMs ?? null;
  return retryAtMs === null ? 0 : retryAtMs - (performance.timeOrigin + performance.now());
}

/** @param {boolean | null} reads */
function reading(reads) {
  if (reads !== false) return { text: say("Not joined"), said: "", tone: "", title: say("Join to follow live") };
  const title = say("This page tries again by itself. What it shows may be old.");
  return { text: say("Server can’t be reached"), said: say("The server can’t be reached. This page tries again by itself."), tone: "wait", title };
}

/**
 * @param {ShowcallerClient} client
 * @returns {{text: string, said: string, tone: string, title: string}}
 */
function describe(client) {
  const { state, reason } = client.status;
  switch (state) {
    case "connected":
      return connected(client);
    case "connecting":
    case "reconnecting":
      return coming(state, waitMs(client));
    default: {
      const text = STOPPED[reason?.code ?? ""] ?? say("Disconnected");
      return { text, said: text, tone: "live", title: reason?.message ?? "" };
    }
  }
}

/** @param {ShowcallerClient} client */
function connected(client) {
  const { errorMs, roundTripMs } = client.clockQuality();
  const round = (/** @type {number | null} */ ms) => (ms === null ? "?" : ms < 10 ? ms.toFixed(1) : ms.toFixed(0));
  const measured = say("Clock right to ±{error} ms, round trip {trip} ms", { error: round(errorMs), trip: round(roundTripMs) });
  const title = client.status.way === "http" ? `${BY_HTTP} ${measured}` : measured;
  if (errorMs !== null && errorMs > CLOCK_LIMIT_MS) {
    const slow = say("Countdowns may be off by {seconds} s.", { seconds: (errorMs / 1000).toFixed(1) });
    return { text: say("Slow connection"), said: say("Connected, but slowly"), tone: "wait", title: `${slow} ${title}` };
  }
  return { text: say("Connected"), said: say("Connected"), tone: "ok", title };
}

/**
 * @param {string} state
 * @param {number} ms until the next try
 */
function coming(state, ms) {
  const first = state === "connecting";
  const said = first ? say("Connecting") : say("Connection lost, reconnecting");
  const doing = first ? say("Connecting") : say("Reconnecting");
  const seconds = Math.ceil(ms / 1000);
  return { text: seconds > 0 ? say("{doing} in {seconds} s", { doing, seconds }) : `${doing}…`, said, tone: "wait", title: "" };
}
