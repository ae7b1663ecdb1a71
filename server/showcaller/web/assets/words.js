/**
 * Texts in the reader's language. The English text in the source is the key of the catalogues, which lie in
 * `words/`. English needs none; any other catalogue is there before a module that says something runs.
 */

/** @typedef {Record<string, string | Record<string, string>>} Catalogue */
/** @typedef {Record<string, string | number>} Values */

const WAIT_MS = 4_000;
const CONTEXT = "##"; // what follows tells texts apart that are the same in English
const SAID = ["aria-label", "placeholder", "title", "alt"];
/** Digits and months as a conference's pages write them. @type {Record<string, string>} */
const LOCALES = { ar: "ar-u-ca-gregory-nu-latn" };

/** The root of the page; none in tests. */
const root = globalThis.document?.documentElement;
/** @type {Catalogue | null} */
const catalogue = await read(root?.dataset.words);

/** Such as `de`. */
export const language = catalogue ? (root?.lang ?? "en") : "en";
/** For `Intl`. */
export const locale = LOCALES[language] ?? language;

const rightToLeft = catalogue !== null && root?.dir === "rtl";
const plurals = new Intl.PluralRules(language);

if (catalogue) translate(document.documentElement);
else if (root?.dataset.words) Object.assign(root, { lang: "en", dir: "" });
delete root?.dataset.words;

/**
 * Says a text: `say("Starts in {left}", { left })`.
 *
 * @param {string} text English
 * @param {Values} [values] for its `{names}`
 * @returns {string}
 */
export function say(text, values) {
  const said = catalogue?.[text];
  return filled(typeof said === "string" ? said : text, values);
}

/**
 * Says how many: `sayCount(votes, "{count} vote", "{count} votes")`. The second text is the catalogues' key.
 *
 * @param {number} count stands for `{count}`, as the language writes it
 * @param {string} one
 * @param {string} other
 * @param {Values} [values]
 * @returns {string}
 */
export function sayCount(count, one, other, values) {
  const forms = catalogue?.[other];
  const form = typeof forms === "object" ? (forms[plurals.select(count)] ?? forms.other) : undefined;
  return filled(form ?? (count === 1 ? one : other), { count, ...values });
}

/**
 * Says a text within another one, where English begins it small: `In your agenda: starting soon`.
 *
 * @param {string} text said already
 */
export function inSentence(text) {
  return language === "en" ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/**
 * Says several things as a list: `one and two`, `one or two`.
 *
 * @param {string[]} items
 * @param {"conjunction" | "disjunction"} [type]
 */
export function listed(items, type = "conjunction") {
  return new Intl.ListFormat(locale, { type }).format(items);
}

/**
 * @param {string} text
 * @param {Values | undefined} values in a text from right to left each keeps its own direction
 */
function filled(text, values) {
  const whole = text.includes(CONTEXT) ? text.slice(0, text.indexOf(CONTEXT)) : text;
  if (!values) return whole;
  return whole.replace(/\{(\w+)\}/g, (name, key) => {
    const value = values[key];
    if (value === undefined) return name;
    return rightToLeft && typeof value === "string" && value ? `\u2068${value}\u2069` : String(value);
  });
}

/** @param {string | undefined} address @returns {Promise<Catalogue | null>} null: English */
async function read(address) {
  if (!address) return null;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(WAIT_MS) });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * Translates what stands in the page's HTML: texts, and attributes that are read out or shown.
 *
 * @param {Element} within
 */
function translate(within) {
  const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue?.trim();
    if (text && typeof catalogue?.[text] === "string") node.nodeValue = (node.nodeValue ?? "").replace(text, () => say(text));
  }
  for (const element of within.querySelectorAll(SAID.map((name) => `[${name}]`).join())) {
    for (const name of SAID) {
      const text = element.getAttribute(name);
      if (text && typeof catalogue?.[text] === "string") element.setAttribute(name, say(text));
    }
  }
  for (const element of within.querySelectorAll("[data-say]")) element.textContent = say(element.getAttribute("data-say") ?? "");
}
