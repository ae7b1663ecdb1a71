/** The memory of this browser and of this tab. Where storage is not allowed, the page alone remembers. */

class Memory {
  #storage;
  /** @type {Map<string, string>} */
  #page = new Map();

  /** @param {() => Storage} storage raises where the browser allows none */
  constructor(storage) {
    this.#storage = storage;
  }

  /**
   * @param {string} key
   * @returns {string | null}
   */
  get(key) {
    try {
      return this.#storage().getItem(key) ?? this.#page.get(key) ?? null;
    } catch {
      return this.#page.get(key) ?? null;
    }
  }

  /**
   * @param {string} key
   * @param {string | null} value null forgets
   */
  set(key, value) {
    if (value === null) this.#page.delete(key);
    else this.#page.set(key, value);
    try {
      if (value === null) this.#storage().removeItem(key);
      else this.#storage().setItem(key, value);
    } catch {
      // Then it holds as long as this page.
    }
  }
}

export const inTab = new Memory(() => sessionStorage);
export const inBrowser = new Memory(() => localStorage);
