/** The sessions that somebody has starred, as the page shows them. Pure. */

const KEY = "favourite:";

/**
 * @param {ReadonlyMap<string, any>} items of channel `me`
 * @param {ReadonlyMap<string, boolean>} [asked] what was just asked for, and counts as done until it is answered
 * @returns {Set<string>} ids of sessions
 */
export function favouritesIn(items, asked = new Map()) {
  const found = new Set([...items.keys()].filter((key) => key.startsWith(KEY)).map((key) => key.slice(KEY.length)));
  for (const [session, on] of asked) {
    if (on) found.add(session);
    else found.delete(session);
  }
  return found;
}

/**
 * Of the sessions that somebody wants to see: the pairs that happen at once.
 *
 * @template {{id: string, state: string, expected: {start_ms: number, end_ms: number}}} One
 * @param {One[]} sessions in their order
 * @param {ReadonlySet<string>} favourites
 * @returns {Map<string, One>} by the id of each: the first other one that it meets
 */
export function clashes(sessions, favourites) {
  const wanted = sessions.filter(({ id, state }) => favourites.has(id) && state !== "skipped" && state !== "ended");
  const found = new Map();
  for (const [place, one] of wanted.entries()) {
    for (const other of wanted.slice(place + 1)) {
      if (other.expected.start_ms >= one.expected.end_ms) break;
      if (!found.has(one.id)) found.set(one.id, other);
      if (!found.has(other.id)) found.set(other.id, one);
    }
  }
  return found;
}
