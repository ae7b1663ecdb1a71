/**
 * How alike two questions are, by the letters that they share. Pure; a few microseconds a question.
 *
 * The measure is Dice's coefficient, 2·|A∩B| / (|A|+|B|) (L. R. Dice, "Measures of the Amount of Ecologic Association Between Species",
 * Ecology 26(3), 1945), of the sets of trigrams of two texts (R. C. Angell, G. E. Freund, P. Willett, "Automatic spelling correction using a
 * trigram similarity measure", Information Processing & Management 19(4), 1983): runs of three letters within each word, which
 * has two blanks before it and one behind it. It needs no dictionary and no language: 0 is nothing in common, 1 the same words.
 */

/** Below this two texts are not offered as alike. */
export const ALIKE = 0.5;
const FEW_LETTERS = 8; // a draft that is shorter says nothing yet

/**
 * @param {string} text
 * @returns {Set<string>}
 */
export function trigramsOf(text) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const word of text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []) {
    const letters = [..."  ", ...word, " "];
    for (let at = 0; at + 3 <= letters.length; at += 1) found.add(letters.slice(at, at + 3).join(""));
  }
  return found;
}

/**
 * @param {ReadonlySet<string>} a
 * @param {ReadonlySet<string>} b
 * @returns {number} 0 to 1
 */
export function likeness(a, b) {
  if (a.size + b.size === 0) return 0;
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const trigram of small) if (large.has(trigram)) shared += 1;
  return (2 * shared) / (a.size + b.size);
}

/** Questions and their trigrams, each made once for a text. */
export class SimilarTexts {
  /** @type {Map<string, {text: string, trigrams: Set<string>}>} */
  #known = new Map();

  /**
   * Those of `questions` that are like `text`, the most alike first.
   *
   * @template {{id: string, text: string}} Asked
   * @param {string} text
   * @param {Iterable<Asked>} questions
   * @param {number} [most]
   * @returns {Asked[]}
   */
  like(text, questions, most = 3) {
    const wanted = trigramsOf(text);
    if (text.trim().length < FEW_LETTERS) return [];
    const found = [];
    for (const question of questions) {
      const alike = likeness(wanted, this.#trigrams(question));
      if (alike >= ALIKE) found.push({ question, alike });
    }
    found.sort((a, b) => b.alike - a.alike || (a.question.id < b.question.id ? -1 : 1));
    return found.slice(0, most).map(({ question }) => question);
  }

  /** @param {{id: string, text: string}} question */
  #trigrams({ id, text }) {
    const known = this.#known.get(id);
    if (known?.text === text) return known.trigrams;
    const trigrams = trigramsOf(text);
    this.#known.set(id, { text, trigrams });
    return trigrams;
  }
}
