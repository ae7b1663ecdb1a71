/** Which way a stage's picture comes, at which moment it stands, and the words for both. Pure. */

import { countdown } from "./times.js";
import { say } from "./words.js";

const BLOCKED_AFTER_MS = 6_000; // of tries without a connection: then the other way begins
const EMPTY_AFTER_MS = 3_000; // a connection over which nothing comes: nobody sends anything
const TRIED_FOR_MS = 30_000; // then the direct way is left alone
const TRIED_EVERY_MS = 120_000; // but for a try
const TRIES = new Set(["connecting", "reconnecting"]);
const LIVE_WITHIN_MS = 15_000; // who is later than that has gone back
const LEFT_AT_END_S = 20; // who left so short before the end has seen it
const LEFT_AT_START_S = 10;

/**
 * @typedef {"webrtc" | "hls"} Way
 * @typedef {"" | "full" | "blocked" | "behind" | "back"} Why it is HLS; `back`: until the direct picture is there again
 *
 * @typedef {object} Line what the direct way does
 * @property {import("/sdk/media_session.js").MediaState | null} state null: it is not tried
 * @property {string} code of its newest error
 * @property {boolean} receives pictures or sound come
 *
 * @typedef {object} Stretch of a recording, in order
 * @property {number} startS where it begins, in the player's time
 * @property {number} lastsS
 * @property {number} atMs server time of its first picture
 */

/** The choice between the direct way, which is at once, and HLS, which is there for any number of people. */
export class Ways {
  /** @type {Way} */
  way = "webrtc";
  /** @type {Why} */
  why = "";
  /** Since when there has been no direct picture. @type {number | null} */
  #sinceMs = null;
  /** @type {number | null} */
  #connectedMs = null;

  /**
   * @param {number} nowMs
   * @param {Line} line
   * @param {{behind: boolean, hls: boolean}} other whether somebody went back, and whether HLS can be had
   * @returns {Way}
   */
  next(nowMs, line, { behind, hls }) {
    if (!hls) return this.#take("webrtc", "");
    if (behind) return this.#take("hls", "behind");
    if (this.#direct(nowMs, line)) return this.#take("webrtc", "");
    if (line.code === "full") return this.#take("hls", "full");
    if (this.why === "behind") return this.#take("hls", "back");
    if (this.way === "hls") return this.way;
    return this.#isBlocked(nowMs, line) ? this.#take("hls", "blocked") : this.way;
  }

  /** Whether the direct way is to be tried now. @param {number} nowMs */
  tries(nowMs) {
    if (this.why === "behind") return false;
    if (this.why !== "blocked" || this.#sinceMs === null) return true;
    return (nowMs - this.#sinceMs) % TRIED_EVERY_MS < TRIED_FOR_MS;
  }

  /** Begins anew, on another stage. */
  forget() {
    this.#take("webrtc", "");
    this.#sinceMs = null;
    this.#connectedMs = null;
  }

  /**
   * @param {number} nowMs
   * @param {Line} line
   */
  #direct(nowMs, { state, receives }) {
    if (state !== "connected") this.#connectedMs = null;
    else this.#connectedMs ??= nowMs;
    return receives || (this.#connectedMs !== null && nowMs - this.#connectedMs >= EMPTY_AFTER_MS);
  }

  /**
   * @param {number} nowMs
   * @param {Line} line
   */
  #isBlocked(nowMs, { state }) {
    if (state === null || !TRIES.has(state)) this.#sinceMs = null;
    else this.#sinceMs ??= nowMs;
    return this.#sinceMs !== null && nowMs - this.#sinceMs >= BLOCKED_AFTER_MS;
  }

  /**
   * @param {Way} way
   * @param {Why} why
   */
  #take(way, why) {
    if (why !== "blocked") this.#sinceMs = null;
    this.way = way;
    this.why = why;
    return way;
  }
}

// Moments ------------------------------------------------------------------------------------------

/**
 * The server time of what is shown at `atS`, in the player's time; null: nothing is known.
 *
 * @param {readonly Stretch[]} stretches
 * @param {number} atS
 */
export function momentAt(stretches, atS) {
  const found = stretches.findLast(({ startS }) => startS <= atS) ?? stretches[0];
  return found ? found.atMs + (atS - found.startS) * 1000 : null;
}

/**
 * Where in the player's time a moment is; one in a gap is where that ends.
 *
 * @param {readonly Stretch[]} stretches
 * @param {number} ms server time
 */
export function secondsAt(stretches, ms) {
  const found = stretches.findLast(({ atMs }) => atMs <= ms) ?? stretches[0];
  if (!found) return 0;
  return found.startS + Math.min(found.lastsS, Math.max(0, (ms - found.atMs) / 1000));
}

/**
 * Where a replay begins, in seconds: as the link says, else where somebody left off.
 *
 * @param {string | null} asked
 * @param {string | null} left
 * @param {number} lastsS
 */
export function beginsAtS(asked, left, lastsS) {
  const linked = secondsOf(asked);
  if (linked !== null) return Math.min(linked, lastsS);
  const kept = secondsOf(left);
  return kept === null || kept < LEFT_AT_START_S || kept > lastsS - LEFT_AT_END_S ? 0 : kept;
}

/** @param {string | null} text */
function secondsOf(text) {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

// Words --------------------------------------------------------------------------------------------

/**
 * @param {number} ms
 * @returns {string} such as `6 s behind live`, `2:30 behind live`
 */
export function behindText(ms) {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return say("{length} behind live", { length: seconds < 60 ? say("{seconds} s", { seconds }) : countdown(seconds * 1000) });
}

/** @param {number} seconds @returns {string} such as `12:34` */
export function lengthText(seconds) {
  return countdown(Math.max(0, Math.floor(seconds)) * 1000);
}

/** @type {Record<Why, string>} */
const NOTES = {
  "": "",
  full: say("The room is full, so you see it a little later. It goes live by itself when there is a place."),
  blocked: say("No direct picture comes through, so you see it a little later."),
  behind: "",
  back: "",
};

/**
 * @typedef {object} Played
 * @property {boolean} replay
 * @property {Why} why
 * @property {boolean} recorded whether one can go back
 * @property {{startS: number, endS: number}} range
 * @property {number} atS
 * @property {number | null} behindMs null: it is not known
 *
 * @typedef {object} TimelineView
 * @property {boolean} shown
 * @property {boolean} slides there is a place to slide to
 * @property {string} text
 * @property {string} pill
 * @property {boolean} toLive there is a way back to what is live
 * @property {string} note
 *
 * @param {Played} played
 * @param {Way} way
 * @returns {TimelineView}
 */
export function timelineOf({ replay, why, recorded, range, atS, behindMs }, way) {
  const plain = { shown: recorded, slides: false, text: "", pill: recorded ? say("Live") : "", toLive: false, note: "" };
  const at = lengthText(atS - range.startS);
  if (replay) return { ...plain, shown: true, slides: true, text: say("{at} of {length}", { at, length: lengthText(range.endS - range.startS) }), pill: say("Recording") };
  if (way === "webrtc") return plain;
  const late = behindMs === null ? "" : behindText(behindMs);
  const back = why === "behind" || (behindMs ?? 0) > LIVE_WITHIN_MS;
  return { ...plain, shown: true, slides: true, text: "", pill: late || say("A little behind live"), toLive: back, note: NOTES[why] };
}
