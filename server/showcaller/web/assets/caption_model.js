/** Captions: which lines are seen at a moment, and which hold the words that somebody looks for. Pure. */

/** @typedef {import("/sdk/types.js").Caption} Caption */

export const LINES_SHOWN = 2;

/**
 * @param {Iterable<Caption>} lines some of them twice, the newest version last
 * @returns {Caption[]} each once, by their times
 */
export function inTheirOrder(lines) {
  const byId = new Map([...lines].map((line) => [line.id, line]));
  return [...byId.values()].sort((a, b) => a.from_ms - b.from_ms || (a.id < b.id ? -1 : 1));
}

/**
 * @param {readonly Caption[]} lines in their order
 * @param {number} ms server time
 * @returns {Caption[]} those that stand over the picture then, the last at the bottom
 */
export function linesAt(lines, ms) {
  return lines.filter(({ from_ms, to_ms }) => from_ms <= ms && ms < to_ms).slice(-LINES_SHOWN);
}

/**
 * @param {readonly Caption[]} lines in their order
 * @param {number} ms server time
 * @returns {string} the id of the last one that was begun then; empty: none was
 */
export function lineAt(lines, ms) {
  return lines.findLast(({ from_ms }) => from_ms <= ms)?.id ?? "";
}

/**
 * @param {readonly Caption[]} lines in their order
 * @param {string} words that somebody looks for, in any order
 * @param {{startsAtMs: number, endsAtMs: number}} span of the replay
 * @returns {Caption[]} the lines of the replay that hold all of them
 */
export function linesWith(lines, words, { startsAtMs, endsAtMs }) {
  const sought = plain(words).split(/\s+/).filter(Boolean);
  const within = lines.filter(({ from_ms, to_ms }) => to_ms > startsAtMs && from_ms < endsAtMs);
  return within.filter(({ text }) => sought.every((word) => plain(text).includes(word)));
}

/** @param {string} text */
function plain(text) {
  return text.normalize("NFKD").replaceAll(/\p{Mark}/gu, "").toLowerCase();
}

/**
 * @param {string} language a tag such as "pt-BR"
 * @returns {string} its name in that language itself
 */
export function languageName(language) {
  try {
    const name = new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
    return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
  } catch {
    return language;
  }
}
