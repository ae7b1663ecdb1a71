/** "Session starting": what the clock calls, as a toast with a link, wherever one is. */

import { eventOf, isAhead, isOn, sessionOf } from "./agenda_model.js";
import { byId, h } from "./dom.js";
import { address } from "./place.js";
import { clockTime, minutesText } from "./times.js";
import { addToast } from "./toasts.js";
import { inSentence, say } from "./words.js";

const LATE_MS = 60_000; // a cue that late says so, and a talk that early
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
  const kind = session && kindOf(cue, session);
  if (!session || !kind) return;
  // For whoever measures how punctual the show is: both in server time.
  const measured = { "data-cue": cue.cue, "data-due-ms": cue.due_ms, "data-shown-ms": page.serverNow() };
  if (page.place.session === session.id) return noteOn(byId("main"), measured); // its own page shows it
  document.querySelector(`.toast[data-session="${CSS.escape(cue.session)}"]`)?.remove();
  const about = {
    "data-session": cue.session,
    "data-start-ms": session.expected.start_ms,
    "data-tone": cue.cue === "started" ? "live" : null,
    ...measured,
  };
  const mine = page.favourites?.all.has(session.id) ?? false;
  addToast(about, mine ? say("In your agenda: {what}", { what: inSentence(kind) }) : kind, linkOrText(page, session));
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
 * @param {Session} session
 * @returns {string | null} null: nothing to toast
 */
function kindOf({ cue, late_ms }, { actual, scheduled }) {
  const [name, minutes] = cue.split(":");
  if (name === "starting_soon") return late_ms > LATE_MS ? null : say("Starting in {minutes} min", { minutes });
  if (name !== "started") return null;
  if (late_ms > LATE_MS) return say("Started {length} ago", { length: minutesText(late_ms / 60_000) });
  const earlyMs = scheduled.start_ms - (actual.start_ms ?? scheduled.start_ms);
  return earlyMs > LATE_MS ? say("Session starting, {length} early", { length: minutesText(earlyMs / 60_000) }) : say("Session starting");
}

/**
 * @param {EventPage} page
 * @param {Session} session
 */
function linkOrText(page, session) {
  const zone = eventOf(page.items);
  if (session.kind === "break") return say("{title}, until {time}", { title: session.title, time: clockTime(session.expected.end_ms, zone) });
  return h("a", { href: address(page.place.event, "watch", session.id) }, session.title);
}
