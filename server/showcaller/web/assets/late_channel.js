/** A channel as it was some seconds ago: for pages whose picture is as late as that. */

/**
 * @typedef {import("/sdk/index.js").Channel} Channel
 * @typedef {Pick<Channel, "items" | "levels" | "ready" | "on">} Followed
 *
 * @typedef {object} Held what is shown while something waits
 * @property {ReadonlyMap<string, any>} items
 * @property {ReadonlyMap<string, number>} levels
 */

export class LateChannel {
  #channel;
  #lateMs;
  #after;
  /** What was there before the first that waits. @type {Held | null} */
  #held = null;
  /** @type {(() => void)[]} */
  #waiting = [];
  /** @type {{change: Set<(value: any) => void>, event: Set<(value: any) => void>}} */
  #listeners = { change: new Set(), event: new Set() };
  /** @type {Held} */
  #newest;

  /**
   * @param {Followed} channel
   * @param {() => number} lateMs how late it is to be now; 0: not at all
   * @param {(run: () => void, ms: number) => void} after runs something later
   */
  constructor(channel, lateMs, after = (run, ms) => void setTimeout(run, ms)) {
    this.#channel = channel;
    this.#lateMs = lateMs;
    this.#after = after;
    this.#newest = copyOf(channel);
    channel.on("change", () => this.#changed());
    channel.on("event", (event) => this.#later(() => this.#tell("event", event)));
  }

  get items() {
    return (this.#held ?? this.#channel).items;
  }

  get levels() {
    return (this.#held ?? this.#channel).levels;
  }

  get ready() {
    return this.#channel.ready;
  }

  /**
   * @param {"change" | "event"} name
   * @param {(value: any) => void} listener
   */
  on(name, listener) {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  #changed() {
    const before = this.#newest;
    const now = (this.#newest = copyOf(this.#channel));
    if (this.#lateMs() > 0 && before.items.size > 0) this.#held ??= before;
    this.#later(() => {
      this.#held = this.#waiting.length > 0 ? now : null;
      this.#tell("change", null);
    });
  }

  /** In the order in which all came: what is to be late no more takes along what waits. @param {() => void} run */
  #later(run) {
    const lateMs = this.#lateMs();
    this.#waiting.push(run);
    if (lateMs > 0) this.#after(() => this.#runUntil(run), lateMs);
    else this.#runUntil(run);
  }

  /** @param {() => void} last */
  #runUntil(last) {
    for (let due = this.#waiting.indexOf(last) + 1; due > 0; due -= 1) this.#waiting.shift()?.();
  }

  /**
   * @param {"change" | "event"} name
   * @param {any} value
   */
  #tell(name, value) {
    for (const listener of this.#listeners[name]) listener(value);
  }
}

/** @param {Followed} channel @returns {Held} */
function copyOf({ items, levels }) {
  return { items: new Map(items), levels: new Map(levels) };
}
