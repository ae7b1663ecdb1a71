/** The reactions to let rise over the picture, from the sums of the last seconds. Pure. */

const AT_ONCE = 4; // of a kind, at a time: applause of a thousand must not cover the talk

export class Rising {
  /** @type {Map<string, number>} */
  #sums = new Map();
  /** Those of one's own that were shown at once, and are not in the sums yet. @type {Map<string, number>} */
  #own = new Map();

  /** @param {string} reaction that somebody here sent; it rises at once */
  own(reaction) {
    this.#own.set(reaction, (this.#own.get(reaction) ?? 0) + 1);
  }

  /**
   * How many of each kind have come since the last look. Sums fall by themselves, as reactions get old.
   *
   * @param {ReadonlyMap<string, number>} levels
   * @param {Iterable<string>} reactions
   * @returns {Map<string, number>}
   */
  come(levels, reactions) {
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const reaction of reactions) {
      const sum = levels.get(reaction) ?? 0;
      const more = Math.max(0, sum - (this.#sums.get(reaction) ?? 0));
      const own = Math.min(more, this.#own.get(reaction) ?? 0);
      this.#sums.set(reaction, sum);
      this.#own.set(reaction, (this.#own.get(reaction) ?? 0) - own);
      if (more > own) found.set(reaction, Math.min(more - own, AT_ONCE));
    }
    return found;
  }

  /** Another session's sums come next: what is there already does not rise. @param {ReadonlyMap<string, number>} levels */
  startFrom(levels) {
    this.#sums = new Map(levels);
    this.#own.clear();
  }
}
