/** "10 min later": what a producer moved, as a toast wherever one is. */

import { eventOf, sessionsOf } from "./agenda_model.js";
import { h } from "./dom.js";
import { Moves } from "./moves_model.js";
import { address } from "./place.js";
import { clockTime, minutesText } from "./times.js";
import { addToast } from "./toasts.js";
import { say } from "./words.js";

/** @param {import("./page.js").EventPage} page */
export function toastMoves(page) {
  const moves = new Moves();
  page.onChange(() => {
    const move = page.agenda?.ready ? moves.look(sessionsOf(page.items)) : null;
    if (move) toastMove(page, move);
  });
}

/**
 * @param {import("./page.js").EventPage} page
 * @param {import("./moves_model.js").Move} move
 */
function toastMove(page, { first, byMs, others }) {
  document.querySelector(".toast[data-moved]")?.remove();
  if (first.id === page.place.session && others === 0) return; // its own page shows it
  const length = minutesText(Math.trunc(byMs / 60_000));
  const by = byMs > 0 ? say("{length} later", { length }) : say("{length} earlier", { length });
  const at = say(", now at {time}", { time: clockTime(first.expected.start_ms, eventOf(page.items)) });
  const more = others ? say(", and {count} more", { count: others }) : "";
  const href = first.kind === "break" ? address(page.place.event) : address(page.place.event, "watch", first.id);
  const what = h("span", {}, h("a", { href }, first.title), at, more);
  addToast({ "data-moved": first.id, "data-tone": byMs > 0 ? "wait" : null }, by, what);
}
