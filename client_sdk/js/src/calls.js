/**
 * Messages that wait for their reply. Commands outlive a connection: they are sent again, with the
 * same key, until a reply comes. Everything else is void when its connection ends.
 */

/**
 * @typedef {import("./types.js").Reply} Reply
 *
 * @typedef {object} Call
 * @property {Record<string, any>} message
 * @property {boolean} durable
 * @property {(reply: Reply | null) => void} settle null: the connection ended first
 */

export class Calls {
  /** @type {Map<string, Call>} */
  #waiting = new Map();
  #sent = 0;

  /**
   * @param {Record<string, any>} message without its `id`
   * @param {(reply: Reply | null) => void} settle
   * @param {{durable?: boolean}} [options]
   * @returns {Record<string, any>} the message to send
   */
  open(message, settle, { durable = false } = {}) {
    this.#sent += 1;
    const id = String(this.#sent);
    const call = { message: { ...message, id }, durable, settle };
    this.#waiting.set(id, call);
    return call.message;
  }

  /** @param {Reply} reply */
  settle(reply) {
    const call = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    call?.settle(reply);
  }

  /** The connection ended: settles all but the durable calls with null. */
  interrupt() {
    this.#settleWithNull((call) => !call.durable);
  }

  /** There will be no other connection: settles all with null. */
  abandon() {
    this.#settleWithNull(() => true);
  }

  /** @returns {Record<string, any>[]} messages to send again on a new connection, in order */
  durableMessages() {
    return [...this.#waiting.values()].filter((call) => call.durable).map((call) => call.message);
  }

  /** @param {(call: Call) => boolean} concerned */
  #settleWithNull(concerned) {
    for (const [id, call] of [...this.#waiting]) {
      if (!concerned(call)) continue;
      this.#waiting.delete(id);
      call.settle(null);
    }
  }
}
