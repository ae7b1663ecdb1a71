/** "Session starting": what the clock calls, as a toast with a link, wherever one is. */

import { eventOf, isAhead, isOn, sessionOf } from "./agenda_model.js";
import { byId, h } from "./dom.js";
import { address } from "./place.js";
import { clockTime, minutesText } from "./times.js";

const STAYS_MS = 30_000;
const LATE_MS = 60_000; // a cue that late says so
const MOVED_MS = 30_000; // a start that moved by this is another one

/**
 * @typedef {import("./page.js").EventPage} EventPage
 * @typedef {import("/sdk/types.js").CueEvent} CueEvent
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @param {EventPage} page
 */
export function toastCues(page) {
  page.agenda?.on("event", (event) => {
    if (event.type === "cue") toastCue(page, event);
  });
  page.onChange(() => removeWrong(page));
  page.onTick(() => removeWrong(page));
}

/** Removes toasts that a producer made untrue, or that are about the page itself. @param {EventPage} page */
function removeWrong(page) {
  for (const toast of document.querySelectorAll(".toast[data-cue]")) {
    if (!(toast instanceof HTMLElement)) continue;
    const session = sessionOf(page.items, toast.dataset.session ?? "");
    const right = session && (toast.dataset.cue === "started" ? isOn(session) : startsAsTold(session, toast));
    if (!right || session.id === page.place.session) toast.remove();
  }
}

/**
 * Whether it still starts when the toast says.
 *
 * @param {Session} session
 * @param {HTMLElement} toast
 */
function startsAsTold(session, toast) {
  return isAhead(session) && Math.abs(session.expected.start_ms - Number(toast.dataset.startMs)) < MOVED_MS;
}

/**
 * @param {EventPage} page
 * @param {CueEvent} cue
 */
function toastCue(page, cue) {
  const session = sessionOf(page.items, cue.session);
  const kind = session && kindOf(cue);
  if (!session || !kind) return;
  // For whoever measures how punctual the show is: both in server time.
  const measured = { "data-cue": cue.cue, "data-due-ms": cue.due_ms, "data-shown-ms": page.serverNow() };
  if (page.place.session === session.id) return noteOn(byId("main"), measured); // its own page shows it
  document.querySelector(`.toast[data-session="${CSS.escape(cue.session)}"]`)?.remove();
  const toast = h(
    "div",
    {
      class: "toast",
      "data-session": cue.session,
      "data-start-ms": session.expected.start_ms,
      "data-tone": cue.cue === "started" ? "live" : null,
      ...measured,
    },
    h("span", { class: "kind" }, kind),
    h("span", { class: "what" }, linkOrText(page, session)),
    h("button", { class: "compact plain dismiss", type: "button", onclick: () => toast.remove(), "aria-label": "Dismiss" }, "✕"),
  );
  byId("toasts").append(toast);
  removeLater(toast);
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, string | number>} attributes
 */
function noteOn(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/**
 * @param {CueEvent} cue
 * @returns {string | null} null: nothing to toast
 */
function kindOf({ cue, late_ms }) {
  const [name, minutes] = cue.split(":");
  if (name === "starting_soon") return late_ms > LATE_MS ? null : `Starting in ${minutes} min`;
  if (name !== "started") return null;
  return late_ms > LATE_MS ? `Started ${minutesText(late_ms / 60_000)} ago` : "Session starting";
}

/**
 * @param {EventPage} page
 * @param {Session} session
 */
function linkOrText(page, session) {
  const zone = eventOf(page.items);
  if (session.kind === "break") return `${session.title}, until ${clockTime(session.expected.end_ms, zone)}`;
  return h("a", { href: address(page.place.event, "watch", session.id) }, session.title);
}

/** @param {HTMLElement} toast goes after a while, but not while somebody is at it */
function removeLater(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) removeLater(toast);
    else toast.remove();
  }, STAYS_MS);
}
