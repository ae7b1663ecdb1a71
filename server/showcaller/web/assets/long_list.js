/**
 * A list of any length. A row is made once and touched again only when what it shows is another; what
 * there is to do is done a slice a frame, so that the page answers meanwhile.
 */

import { queueFrame } from "./dom.js";

const SLICE_MS = 10;

/**
 * @template Item
 * @template Context
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {(item: Item, context: Context) => void} update
 */

/**
 * @template Item
 * @template Context
 */
export class LongList {
  #container;
  #keyOf;
  #make;
  /** @type {Map<string, Row<Item, Context> & {item?: Item, context?: Context}>} */
  #rows = new Map();
  /** @type {Item[]} */
  #items = [];
  /** @type {Context | undefined} */
  #context;
  #done = 0; // items whose rows are as they should be
  #asked = false;

  /**
   * @param {HTMLElement} container
   * @param {(item: Item) => string} keyOf
   * @param {(item: Item) => Row<Item, Context>} make
   */
  constructor(container, keyOf, make) {
    this.#container = container;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  /**
   * Shows these items in this order. The same item with the same context is taken to look the same.
   *
   * @param {Item[]} items
   * @param {Context} context
   */
  show(items, context) {
    this.#items = items;
    this.#context = context;
    this.#done = 0;
    const wanted = new Set(items.map(this.#keyOf));
    for (const [key, { element }] of this.#rows) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
    if (!this.#asked) this.#work();
  }

  /** Once every row is as it should be. @returns {Promise<void>} */
  async whole() {
    while (this.#asked) await new Promise((resolve) => queueFrame(() => resolve(undefined)));
  }

  /** The row of this key, if it was made. @param {string} key */
  row(key) {
    return this.#rows.get(key);
  }

  #work() {
    const untilMs = performance.now() + SLICE_MS;
    const focused = document.activeElement;
    let here = this.#done ? this.#elementAt(this.#done - 1).nextElementSibling : this.#container.firstElementChild;
    for (; this.#done < this.#items.length && performance.now() < untilMs; this.#done += 1) {
      const element = this.#rowAt(this.#done);
      if (element === here) here = here.nextElementSibling;
      else this.#container.insertBefore(element, here);
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected) {
      focused.focus({ preventScroll: true });
    }
    this.#asked = this.#done < this.#items.length;
    if (this.#asked) queueFrame(() => this.#work());
  }

  /** @param {number} place */
  #elementAt(place) {
    const row = this.#rows.get(this.#keyOf(/** @type {Item} */ (this.#items[place])));
    return /** @type {HTMLElement} */ (row?.element);
  }

  /**
   * @param {string} key
   * @param {Item} item
   * @returns {Row<Item, Context> & {item?: Item, context?: Context}}
   */
  #newRow(key, item) {
    const row = this.#make(item);
    this.#rows.set(key, row);
    return row;
  }

  /** @param {number} place */
  #rowAt(place) {
    const item = /** @type {Item} */ (this.#items[place]);
    const context = /** @type {Context} */ (this.#context);
    const key = this.#keyOf(item);
    const row = this.#rows.get(key) ?? this.#newRow(key, item);
    if (row.item !== item || row.context !== context) row.update(item, context);
    row.item = item;
    row.context = context;
    return row.element;
  }
}
