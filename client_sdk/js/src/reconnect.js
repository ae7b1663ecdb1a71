/** The decision whether to come back after a close, and the wait before it: PROTOCOL.md §7. Pure. */

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
const CLOSE_TOKEN_EXPIRED = 4003;

/** RFC 6455 codes after which the same client may try again. */
const COME_BACK = new Set([1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015]);

/**
 * @typedef {object} CloseVerdict
 * @property {boolean} comeBack
 * @property {boolean} newToken a new token is needed first
 * @property {number | null} retryAfterMs the server's own wish; null: back off
 * @property {string} code the reason's first word, such as `bad_token`; else `close_N`
 */

/**
 * @param {number} code
 * @param {string} reason `CODE` or `CODE retry_after_ms=N`
 * @returns {CloseVerdict}
 */
export function closeVerdict(code, reason) {
  const delay = /(?:^|\s)retry_after_ms=(\d+)/.exec(reason);
  return {
    comeBack: COME_BACK.has(code) || (code >= 4000 && code < 4500),
    newToken: code === CLOSE_TOKEN_EXPIRED,
    retryAfterMs: delay ? Number(delay[1]) : null,
    code: /^[a-z][a-z0-9_]*/.exec(reason)?.[0] ?? `close_${code}`,
  };
}

/**
 * Full jitter: a random delay between 0 and min(20 s, 0.5 s × 2ⁿ).
 *
 * @param {number} attempt n, from 0
 * @param {number} random from 0 up to 1
 * @returns {number} milliseconds
 */
export function backoffMs(attempt, random) {
  return random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(attempt, 30));
}
