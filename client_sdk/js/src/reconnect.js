/** The decision whether to come back after a close, and the wait before it: PROTOCOL.md §7. Pure. */

const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
const CLOSE_TOKEN_EXPIRED = 4003;
const WELCOME_MS = 10_000;
const WELCOME_AFTER_SILENCE_MS = 4_000;
const SILENT_HEARTBEATS = 2;
const MAX_SILENT_MS = 45_000;

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

/**
 * How long a connection waits for its server.
 *
 * @typedef {object} Patience
 * @property {number} welcomeMs for the welcome
 * @property {(heartbeatMs: number) => number} silentMs for any message after that
 */

/**
 * A server that says nothing for two heartbeats is frozen or gone. It may also send something large over a thin line:
 * so each loss by silence doubles the patience with the next connection. A balancer may lead to the same frozen server
 * again, where nobody answers: so the first try after a silence is a short one.
 *
 * @param {number} silences losses by silence in a row
 * @param {number} attempt the tries since the last connection, from 0
 * @returns {Patience}
 */
export function patience(silences, attempt) {
  return {
    welcomeMs: silences > 0 && attempt === 1 ? WELCOME_AFTER_SILENCE_MS : WELCOME_MS,
    silentMs: (heartbeatMs) => {
      const firstMs = SILENT_HEARTBEATS * heartbeatMs;
      return Math.max(firstMs, Math.min(MAX_SILENT_MS, firstMs * 2 ** Math.min(silences, 10)));
    },
  };
}
