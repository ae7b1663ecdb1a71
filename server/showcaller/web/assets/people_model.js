/** The names of who is in a talk, as they are listed. Pure. */

const compared = new Intl.Collator(undefined, { sensitivity: "base" });

/**
 * @param {ReadonlyMap<string, number>} levels how many there are of each name
 * @param {number} present how many are here
 * @returns {{names: string[], more: number}} more: those of whom no name is told
 */
export function namesIn(levels, present) {
  const names = [...levels].map(([name, count]) => (count > 1 ? `${name} (${count})` : name)).sort(compared.compare);
  const told = [...levels.values()].reduce((sum, count) => sum + count, 0);
  return { names, more: Math.max(0, present - told) };
}
