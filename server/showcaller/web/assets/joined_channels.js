/** Several channels, read as one. */

/** @typedef {import("/sdk/index.js").Channel} Channel */

export class JoinedChannels {
  #channels;

  /** @param {Channel[]} channels none of which shows a key that another one shows, too */
  constructor(channels) {
    this.#channels = channels;
  }

  /** @returns {ReadonlyMap<string, any>} */
  get items() {
    const [first, ...others] = this.#channels;
    if (!first || !others.length) return first?.items ?? new Map();
    return new Map(this.#channels.flatMap(({ items }) => [...items]));
  }

  get ready() {
    return this.#channels.every(({ ready }) => ready);
  }

  /** Calls `render` after each change of any of them. @param {() => void} render */
  onChange(render) {
    for (const channel of this.#channels) channel.on("change", render);
  }
}
