/**
 * A small server's end of one channel, straight from PROTOCOL.md §4: a log of changes, levels that
 * are conflated, a mark that never overtakes a pending level.
 */
export class ChannelModel {
  epoch = "A";
  ends = {}; // of the epochs that the log goes on from
  items = {};
  levels = {};
  head = 0; // newest offset of the whole log
  last = 0; // newest change of this channel
  changes = [];
  levelOffsets = {}; // key → offset at which it changed last
  pending = new Map(); // level key → offset of its oldest change that was not sent

  get mark() {
    return Math.min(this.head, ...[...this.pending.values()].map((offset) => offset - 1));
  }

  /** Something elsewhere in the log. */
  skip() {
    this.head += 1;
  }

  change({ put = {}, remove = [], events = [] }) {
    const prev = this.last;
    this.head += 1;
    this.last = this.head;
    Object.assign(this.items, put);
    for (const key of remove) delete this.items[key];
    const change = { op: "change", channel: "c", epoch: this.epoch, offset: this.head, prev, at_ms: 0 };
    this.changes.push({ ...change, put, remove, events });
    return this.pending.size === 0 ? { ...this.changes.at(-1), mark: this.head } : this.changes.at(-1);
  }

  vote(key, value) {
    this.head += 1;
    this.levels[key] = value;
    this.levelOffsets[key] = this.head;
    if (!this.pending.has(key)) this.pending.set(key, this.head);
  }

  flush() {
    const values = Object.fromEntries([...this.pending.keys()].map((key) => [key, this.levels[key]]));
    this.pending.clear();
    return { op: "levels", channel: "c", epoch: this.epoch, values, mark: this.mark };
  }

  snapshot(reset = false) {
    const { epoch, head: offset } = this;
    const copy = structuredClone({ items: this.items, levels: this.levels });
    return { op: "snapshot", channel: "c", epoch, offset, ...copy, reset };
  }

  resume(since) {
    const comesOver = since !== undefined && since.epoch !== this.epoch;
    if (!since || (comesOver && since.offset > (this.ends[since.epoch] ?? -1)))
      return [this.snapshot(since !== undefined)];
    const changed = Object.keys(this.levels).filter((key) => this.levelOffsets[key] > since.offset);
    const values = Object.fromEntries(changed.map((key) => [key, this.levels[key]]));
    const after = this.changes.filter((change) => change.offset > since.offset);
    const missed = after.map((change) => ({ ...change, epoch: this.epoch }));
    if (comesOver) missed.unshift({ ...this.snapshot(), offset: since.offset });
    return [...missed, { op: "levels", channel: "c", epoch: this.epoch, values, mark: this.mark }];
  }

  heartbeat() {
    return { head: this.last, mark: this.mark };
  }

  /** The log goes on under another epoch. */
  goOn() {
    this.ends[this.epoch] = this.head;
    this.epoch += "+";
  }

  /** The log was lost: another one begins with what is there. */
  lose() {
    this.epoch += "'";
    this.ends = {};
    this.head = this.last = Object.keys(this.items).length;
    this.changes = [];
    this.pending.clear();
    this.levelOffsets = {};
  }
}
