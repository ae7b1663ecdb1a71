/** The surroundings that the SDK needs: clock, timers, chance, network. Tests give their own. */

/**
 * @typedef {object} Platform
 * @property {() => number} now milliseconds since 1970, on a monotonic clock
 * @property {(run: () => void, delayMs: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random from 0 up to 1
 * @property {() => string} randomKey 32 random characters
 * @property {typeof fetch} fetch
 * @property {new (url: string, protocols: string[]) => WebSocket} WebSocket
 * @property {(wake: () => void) => () => void} onWake back online, visible, or restored from the page cache
 */

/** @type {Platform} */
export const browserPlatform = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random(),
  randomKey,
  fetch: (input, init) => fetch(input, init),
  get WebSocket() {
    return globalThis.WebSocket;
  },
  onWake,
};

/**
 * A key for a command. (`crypto.randomUUID` is not there on pages without HTTPS.)
 *
 * @returns {string}
 */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {() => void} wake
 * @returns {() => void} to stop listening
 */
function onWake(wake) {
  if (typeof document === "undefined") return () => {};
  const whenVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", whenVisible);
  return () => {
    removeEventListener("online", wake);
    removeEventListener("pageshow", wake);
    document.removeEventListener("visibilitychange", whenVisible);
  };
}
