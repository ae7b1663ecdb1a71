/** The one player of the watch page: a stage directly or by HLS, whichever there is, and replays. */

import { asShowcallerError, fetchLive, fetchReplay } from "/sdk/index.js";

import { errorText } from "./error_text.js";
import { HlsVideo } from "./hls_video.js";
import { Ways } from "./playing_model.js";
import { DirectPicture, StageVideo } from "./stage_video.js";

const LOOK_EVERY_MS = 1_000;
const AT_THE_END_S = 3; // who slides so close to what is live means that
const PROBLEM_LASTS_MS = 60_000; // browsers do not learn to play it
const ASK_AGAIN_MS = 10_000; // whether there is anything to play by HLS

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").StageState} StageState
 *
 * @typedef {object} Replay of a session
 * @property {string} session
 * @property {number} startsAtMs server time of its first picture
 * @property {number} endsAtMs
 */

export class StagePlayer {
  #event;
  #client;
  #video;
  #onChange;
  #direct;
  #webrtc;
  #hls;
  #ways = new Ways();
  /** @type {StageState | undefined} */
  #stage;
  #behind = false;
  /** Where to begin when the address is there. @type {number | null} */
  #backToMs = null;
  /** Until when nothing can be played of the stage by HLS, as far as is known. */
  #noneUntilMs = 0;
  #asking = "";
  #shownBefore = ""; // what was shown when it was told last
  /** @type {Replay | null} */
  #replay = null;
  /** Why there is nothing to play by HLS, in words; empty: it was not asked for, or there is. */
  refusal = "";

  /**
   * @param {string} event
   * @param {ShowcallerClient} client
   * @param {HTMLVideoElement} video
   * @param {() => void} onChange
   */
  constructor(event, client, video, onChange) {
    this.#event = event;
    this.#client = client;
    this.#video = video;
    this.#onChange = onChange;
    this.#direct = new DirectPicture(video);
    this.#webrtc = new StageVideo(event, client, video, () => this.#look(), this.#direct);
    this.#hls = new HlsVideo(video, onChange);
    setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  // What is shown ----------------------------------------------------------------------------------

  /**
   * Shows a stage as it is now, for as long as it is watched.
   *
   * @param {StageState | undefined} stage as the agenda has it now
   */
  show(stage) {
    if (this.#asking.startsWith("replay ") || this.#replay) this.#leave();
    if (stage?.id !== this.#stage?.id) this.#turn(); // between talks HLS waits for the next one
    this.#stage = stage;
    this.#look();
  }

  /**
   * Shows what was recorded of a session that is over, unless it does so already.
   *
   * @param {string} session
   * @param {(replay: Replay) => {atMs: number | null, plays: boolean}} from where to begin
   */
  async showReplay(session, from) {
    if (this.#replay?.session === session || this.#asking === `replay ${session}`) return;
    const wasAtMs = this.#behind ? this.momentMs : null;
    this.#leave();
    this.#turn();
    this.#stage = undefined;
    this.#webrtc.show(undefined);
    this.#direct.show(false);
    this.#asking = `replay ${session}`;
    const found = await this.#ask(() => fetchReplay({ event: this.#event, session, token: this.#client.token }));
    if (this.#asking !== `replay ${session}`) return;
    this.#asking = "";
    if (found.error) {
      this.refusal = errorText(found.error);
      this.#replay = { session, startsAtMs: 0, endsAtMs: 0 };
      if (found.error.retry || found.error.code === "not_ended") setTimeout(() => this.#forgetRefused(session), ASK_AGAIN_MS);
      return this.#onChange();
    }
    const { address, starts_at_ms, ends_at_ms } = found.answer;
    this.#replay = { session, startsAtMs: starts_at_ms, endsAtMs: ends_at_ms };
    const { atMs, plays } = from(this.#replay);
    this.#hls.start(address, { live: false, atMs: wasAtMs ?? atMs, plays: plays || wasAtMs !== null, firstMs: starts_at_ms });
    this.#onChange();
  }

  stop() {
    this.#leave();
    this.#turn();
    this.#stage = undefined;
    this.#webrtc.stop();
  }

  // What one does ----------------------------------------------------------------------------------

  /** Goes back by so much, in what is live too. @param {number} ms */
  goBack(ms) {
    if (this.#hls.open && this.momentMs !== null) {
      this.#behind = this.#replay === null;
      this.#hls.goTo(this.#video.currentTime - ms / 1000);
    } else {
      this.#behind = true;
      this.#noneUntilMs = 0;
      this.#backToMs = this.#client.serverNow() - ms;
    }
    this.#look();
  }

  /** @param {number} seconds in the video's own time */
  goTo(seconds) {
    if (this.#replay === null && seconds > this.range.endS - AT_THE_END_S) return this.goLive();
    this.#behind = this.#replay === null;
    this.#hls.goTo(seconds);
    return this.#look();
  }

  /** @param {number} ms server time */
  goToMoment(ms) {
    this.#hls.goToMoment(ms);
    void this.#video.play().catch(() => {});
  }

  goLive() {
    this.#behind = false;
    this.#backToMs = null;
    if (this.#hls.open) this.#hls.goLive();
    this.#look();
  }

  /**
   * Which picture to be sent from now on.
   *
   * @param {import("/sdk/whep.js").Layer} layer
   * @returns {Promise<void>} raises ShowcallerError where the server can't
   */
  async choose(layer) {
    this.#hls.choose(layer);
    await this.#webrtc.choose(layer);
  }

  // How it goes ------------------------------------------------------------------------------------

  /** The replay that is shown; null: none. */
  get replay() {
    return this.#replay && this.#replay.endsAtMs > 0 ? this.#replay : null;
  }

  get way() {
    return this.replay ? "hls" : this.#ways.way;
  }

  get why() {
    return this.#ways.why;
  }

  /** Whether somebody went back from what is live. */
  get isBehind() {
    return this.#behind;
  }

  /** Server time of what is shown; null: what is live, or nothing. */
  get momentMs() {
    return this.way === "hls" ? this.#hls.momentMs : null;
  }

  /** How long ago it was filmed, while it is not a replay; null: it is live, or not known. */
  get behindMs() {
    const ms = this.momentMs;
    return ms === null || this.#replay ? null : Math.max(0, this.#client.serverNow() - ms);
  }

  get range() {
    return this.#hls.range;
  }

  /** @returns {import("./poster_model.js").Picture} */
  get picture() {
    if (this.way === "webrtc") return this.#webrtc.picture;
    const playing = this.#hls.shows;
    const state = this.#hls.problem ? "failed" : playing ? "connected" : "connecting";
    return { state, playing, still: false, soundOnly: false, unplayable: "", problem: this.#hls.problem };
  }

  /** @returns {Promise<RTCStatsReport | null>} */
  async stats() {
    return this.way === "webrtc" ? this.#webrtc.stats() : null;
  }

  get droppedFrames() {
    return this.#hls.droppedFrames;
  }

  // Inside -----------------------------------------------------------------------------------------

  /** Does what the moment asks for, and tells when something else is shown than before. */
  #look() {
    if (this.#stage && !this.#replay) {
      const nowMs = performance.now();
      if (this.#hls.problem) {
        this.#giveUpHls(this.#hls.problem, this.#hls.unplayable ? PROBLEM_LASTS_MS : ASK_AGAIN_MS);
        this.#hls.close();
      }
      const hls = nowMs >= this.#noneUntilMs;
      if (hls) this.refusal = "";
      const way = this.#ways.next(nowMs, this.#webrtc.line, { behind: this.#behind, hls });
      this.#webrtc.show(this.#ways.tries(nowMs) ? this.#stage : undefined);
      if (way === "hls") void this.#openLive(this.#stage);
      else this.#closeLive();
    }
    if (this.#replay && this.#hls.expired) this.#leave(); // who wants it asks for another address
    const shown = JSON.stringify([this.way, this.why, this.picture, this.refusal]);
    if (shown === this.#shownBefore) return;
    this.#shownBefore = shown;
    this.#onChange();
  }

  /** @param {StageState} stage */
  async #openLive({ id }) {
    if (this.#hls.open || this.#asking) return;
    this.#asking = `live ${id}`;
    const found = await this.#ask(() => fetchLive({ event: this.#event, stage: id, token: this.#client.token }));
    if (this.#asking !== `live ${id}`) return;
    this.#asking = "";
    if (found.error) {
      this.#giveUpHls(errorText(found.error), ASK_AGAIN_MS);
      return this.#look();
    }
    this.#direct.show(false);
    this.#hls.start(found.answer.address, { live: true, atMs: this.#backToMs, plays: true });
    this.#onChange();
  }

  /**
   * For a while: there is nothing, or it can't be played.
   *
   * @param {string} reason for who went back; the others are told how the direct way goes
   * @param {number} forMs
   */
  #giveUpHls(reason, forMs) {
    this.refusal = this.#behind ? reason : "";
    this.#behind = false;
    this.#noneUntilMs = performance.now() + forMs;
  }

  #closeLive() {
    if (this.#asking.startsWith("live ")) this.#asking = "";
    this.#backToMs = null;
    this.#hls.close();
    this.#direct.show(true);
  }

  /** Forgets a replay. */
  #leave() {
    this.refusal = "";
    if (!this.#replay && !this.#asking.startsWith("replay ")) return;
    this.#replay = null;
    this.#asking = "";
    this.#hls.close();
    this.#direct.show(true);
  }

  /** Asks for a replay again when it is next wanted. @param {string} session */
  #forgetRefused(session) {
    if (this.#replay?.session !== session) return;
    this.#leave();
    this.#onChange();
  }

  /** To another stage, or none. */
  #turn() {
    this.#behind = false;
    this.#noneUntilMs = 0;
    this.#ways.forget();
    if (!this.#replay) this.#closeLive();
  }

  /**
   * @template Answer
   * @param {() => Promise<Answer>} ask
   * @returns {Promise<{answer: Answer, error: null} | {answer: null, error: import("/sdk/index.js").ShowcallerError}>}
   */
  async #ask(ask) {
    try {
      return { answer: await ask(), error: null };
    } catch (error) {
      return { answer: null, error: asShowcallerError(error) };
    }
  }
}
