/**
 * One channel as a client holds it: PROTOCOL.md §4. Pure: it is told messages and says what to do.
 *
 * The law: snapshot(N) followed by resume(N→M) equals snapshot(M), and each one-shot event comes
 * out of `receive` once.
 */

/**
 * @typedef {import("./types.js").Snapshot} Snapshot
 * @typedef {import("./types.js").Change} Change
 * @typedef {import("./types.js").Levels} Levels
 *
 * @typedef {object} Received
 * @property {boolean} changed items or levels are no longer what they were
 * @property {boolean} gap something is missing: subscribe again with `since()`
 * @property {Record<string, any>[]} events one-shot events to show now
 */

/** @type {Received} */
const NOTHING = Object.freeze({ changed: false, gap: false, events: [] });
/** @type {Received} */
const CHANGED = Object.freeze({ changed: true, gap: false, events: [] });
/** @type {Received} */
const GAP = Object.freeze({ changed: false, gap: true, events: [] });

export class Follower {
  /** @type {Map<string, any>} */
  items = new Map();
  /** @type {Map<string, number>} */
  levels = new Map();
  /** Of the log that `last` and `mark` belong to; null before the first snapshot. @type {string | null} */
  epoch = null;
  /** Offset of the last change applied, or of the snapshot. */
  last = 0;
  /** Everything at or below it has been received: where to resume from. */
  mark = 0;
  #shown = 0; // one-shots up to here were shown before the newest snapshot
  #missing = 0; // offset of a change that has not come; the mark waits for it

  /**
   * @param {Snapshot | Change | Levels} message
   * @returns {Received}
   */
  receive(message) {
    if (message.op === "snapshot") return this.#replace(message);
    if (message.epoch !== this.epoch) return NOTHING; // a snapshot follows
    return message.op === "change" ? this.#apply(message) : this.#level(message);
  }

  /**
   * What a heartbeat says about this channel.
   *
   * @param {string} epoch
   * @param {{head: number, mark: number}} channel
   * @returns {boolean} whether to look again in a second: something may have been lost
   */
  heartbeat(epoch, { head, mark }) {
    const behind = this.isBehind(epoch, head);
    if (!behind) this.#raiseMark(mark);
    else if (epoch === this.epoch) this.#miss(head);
    return behind;
  }

  /**
   * @param {string} epoch
   * @param {number} head
   * @returns {boolean} whether a change up to `head` has not come
   */
  isBehind(epoch, head) {
    return epoch !== this.epoch || head > this.last;
  }

  /** The position to resume from; undefined before the first snapshot. */
  since() {
    return this.epoch === null ? undefined : { epoch: this.epoch, offset: this.mark };
  }

  /**
   * A change at or below the mark may not have come: resume from the last one that did.
   *
   * @param {number} offset of the change
   */
  #miss(offset) {
    this.#missing = offset;
    this.mark = Math.min(this.mark, this.last);
  }

  /** @param {number} mark */
  #raiseMark(mark) {
    if (this.last >= this.#missing) this.mark = Math.max(this.mark, mark);
  }

  /** @param {Snapshot} snapshot */
  #replace(snapshot) {
    this.#shown = snapshot.reset ? 0 : Math.max(this.#shown, this.last);
    this.items = new Map(Object.entries(snapshot.items));
    this.levels = new Map(Object.entries(snapshot.levels));
    this.epoch = snapshot.epoch;
    this.last = snapshot.offset;
    this.mark = snapshot.offset;
    this.#missing = 0;
    return CHANGED;
  }

  /** @param {Change} change */
  #apply(change) {
    if (change.offset <= this.last) return NOTHING;
    if (change.prev > this.last) {
      this.#miss(change.prev);
      return GAP;
    }
    for (const [key, item] of Object.entries(change.put ?? {})) this.items.set(key, item);
    for (const key of change.remove ?? []) this.items.delete(key);
    this.last = change.offset;
    if (change.mark !== undefined) this.#raiseMark(change.mark);
    const events = change.offset > this.#shown ? change.events : undefined;
    return { changed: true, gap: false, events: events ?? [] };
  }

  /** @param {Levels} levels */
  #level(levels) {
    for (const [key, value] of Object.entries(levels.values)) {
      if (value === null) this.levels.delete(key);
      else this.levels.set(key, value);
    }
    this.#raiseMark(levels.mark);
    return CHANGED;
  }
}
