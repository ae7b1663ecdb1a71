/**
 * Whether somebody points at a part of the page, or moves in it by keyboard: then nothing in it may jump. A button must
 * not slip away from under a finger because something else has changed.
 */

const STEADY_MS = 8_000;

export class Steady {
  #touchedAtMs = -Infinity;
  #onRest;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {HTMLElement} element
   * @param {() => void} onRest once nobody is at it any more, if somebody asked meanwhile
   */
  constructor(element, onRest) {
    this.#onRest = onRest;
    for (const type of ["pointermove", "pointerdown", "keydown", "focusin"]) {
      element.addEventListener(type, () => (this.#touchedAtMs = performance.now()), { passive: true });
    }
    element.addEventListener("pointerleave", () => this.#left());
    element.addEventListener("focusout", (event) => {
      if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) this.#left();
    });
  }

  /** Whether things must stay where they are. Who is told so is called back. */
  get held() {
    const leftMs = this.#touchedAtMs + STEADY_MS - performance.now();
    if (leftMs <= 0) return false;
    this.#timer ??= setTimeout(() => this.#look(), leftMs);
    return true;
  }

  #left() {
    this.#touchedAtMs = -Infinity;
    if (this.#timer !== undefined) this.#look();
  }

  #look() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.held) this.#onRest();
  }
}

/**
 * Keys in the order in which they are shown, while somebody points at them: those that went stay until the pointer
 * rests, and new ones come after them.
 *
 * @param {string[]} wanted
 * @param {string[]} shown
 * @param {(key: string) => boolean} exists whether a key can still be shown
 */
export function heldOrder(wanted, shown, exists) {
  const kept = shown.filter(exists);
  const known = new Set(kept);
  return [...kept, ...wanted.filter((key) => !known.has(key))];
}
