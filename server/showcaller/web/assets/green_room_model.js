/** The contents of the green room, from the run sheet, the producer's channel and the workers' figures. Pure. */

import { isAhead, sessionOf } from "./agenda_model.js";
import { locale, say, sayCount } from "./words.js";

/**
 * @typedef {import("/sdk/media_types.js").MediaOverview} MediaOverview
 * @typedef {import("/sdk/media_types.js").PublicationStatistics} PublicationStatistics
 * @typedef {import("/sdk/media_types.js").StageStatistics} StageStatistics
 * @typedef {import("/sdk/types.js").Publication} Publication
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").StageState} StageState
 * @typedef {import("/sdk/types.js").TalkQuality} TalkQuality
 *
 * @typedef {object} Published one publication
 * @property {string} id
 * @property {string} session
 * @property {string} title of the session
 * @property {string} name of who publishes
 * @property {string} source
 * @property {boolean} chosen by a producer
 * @property {boolean} on viewers get its picture now
 * @property {boolean} heard viewers get its sound now
 * @property {boolean} live its session has the stage
 * @property {PublicationStatistics | null} measured
 *
 * @typedef {object} StageRoom one stage and what is published for it, what is on stage first
 * @property {StageState} stage
 * @property {string} title of the session that is on, or whose doors are open
 * @property {boolean} ahead it has not begun: what is published for it waits here
 * @property {string} chosenIn the session whose publication was chosen by hand; empty: none
 * @property {StageStatistics | null} measured
 * @property {Published[]} published
 *
 * @typedef {[string, string]} Figure a name and a value
 */

const SOURCES = ["main", "slides", "spare"];

/** @type {Record<string, string>} */
const PROBLEMS = {
  no_video: say("No picture arrives."),
  no_sound: say("No sound arrives: is a microphone connected?"),
  quiet: say("Nothing is heard: is the microphone muted?"),
  lossy: say("Packets get lost on the way here: is the network busy?"),
  low_bitrate: say("The picture has few details: is the uplink slow?"),
  no_parameter_sets: say("The encoder sends no parameter sets: most viewers see no picture."),
  b_frames: say("The encoder sends B-frames: in browsers the picture jerks or stands still."),
  no_keyframe: say("No keyframe for a while: a change to it would take long. Have the encoder send one each second."),
};

/**
 * @param {ReadonlyMap<string, any>} items of the agenda
 * @param {ReadonlyMap<string, any>} desk items of the producer's channel
 * @param {MediaOverview | null} overview
 * @returns {StageRoom[]}
 */
export function stageRooms(items, desk, overview) {
  const published = allPublished(items, desk, overview);
  const stages = /** @type {StageState[]} */ (withPrefix(items, "stage:").map(([, stage]) => stage));
  return stages.map((stage) => {
    const here = published.filter(({ session }) => sessionOf(items, session)?.stage === stage.id);
    const chosen = here.find((one) => one.chosen && one.live) ?? here.find((one) => one.chosen);
    const session = stage.session ? sessionOf(items, stage.session) : undefined;
    return {
      stage,
      title: session?.title ?? "",
      ahead: session !== undefined && isAhead(session),
      chosenIn: chosen?.session ?? "",
      measured: overview?.stages.find((one) => one.stage === stage.id) ?? null,
      published: here.sort(byPlace),
    };
  });
}

/**
 * @param {ReadonlyMap<string, any>} items
 * @param {ReadonlyMap<string, any>} desk
 * @param {MediaOverview | null} overview
 * @returns {Published[]}
 */
function allPublished(items, desk, overview) {
  const known = new Map(/** @type {[string, Publication][]} */ (withPrefix(desk, "publication:")));
  return [...known].map(([id, { session, name, source, chosen, heard }]) => {
    const measured = overview?.publications.find(({ publication }) => publication === id) ?? null;
    const talk = sessionOf(items, session);
    const live = talk !== undefined && items.get(`stage:${talk.stage}`)?.session === session;
    const on = (measured?.on_stage.length ?? 0) > 0;
    return { id, session, title: talk?.title ?? session, name: name || say("Somebody"), source, chosen, on, heard: heard && measured !== null, live, measured };
  });
}

/**
 * @param {Published} one
 * @param {Published} other
 */
function byPlace(one, other) {
  const rank = (/** @type {Published} */ { on, live, source }) => (on ? 0 : 20) + (live ? 0 : 10) + SOURCES.indexOf(source);
  return rank(one) - rank(other);
}

/**
 * @param {ReadonlyMap<string, any>} items
 * @param {string} prefix
 * @returns {[string, any][]} by what comes after the prefix
 */
function withPrefix(items, prefix) {
  return [...items].filter(([key]) => key.startsWith(prefix)).map(([key, item]) => [key.slice(prefix.length), item]);
}

/** @type {Record<string, string>} */
const REFUSED = {
  token_expired: say("the key has ended. Make a new one"),
  token_not_yet: say("the key is not valid yet"),
  bad_token: say("the key is not valid here. Make a new one"),
  no_token: say("no key came with it. Is it in the encoder's settings?"),
  banned: say("they were shut out, or the key was revoked"),
  forbidden: say("the key is not for this session, or not for publishing"),
  unsupported: say("what was sent is no offer of WHIP"),
  unprocessable: say("the encoder offers nothing that can be shown here"),
};

/**
 * Who can't publish, and why, in words.
 *
 * @param {ReadonlyMap<string, any>} items of the agenda
 * @param {MediaOverview | null} overview
 * @returns {string[]}
 */
export function refusals(items, overview) {
  return (overview?.refused ?? []).map(({ session, name, code }) => {
    const title = sessionOf(items, session)?.title ?? session;
    return say("{name} can’t publish to “{title}”: {reason}.", { name: name || say("Somebody"), title, reason: REFUSED[code] ?? code });
  });
}

/**
 * @param {string} source
 * @returns {string}
 */
export function sourceName(source) {
  return { main: say("Camera"), slides: say("Slides"), spare: say("Spare") }[source] ?? source;
}

/**
 * What a producer should know before it goes on stage, in words.
 *
 * @param {PublicationStatistics | null} measured
 * @returns {string[]}
 */
export function problemsOf(measured) {
  if (measured === null) return [];
  return measured.problems.map((problem) =>
    problem === "silent" ? say("Nothing has arrived for {seconds} s.", { seconds: Math.round(measured.silent_s) }) : (PROBLEMS[problem] ?? problem),
  );
}

/**
 * @param {PublicationStatistics} measured
 * @returns {Figure[]}
 */
export function publicationFigures({ layers, sound, rtt_ms }) {
  const [best] = layers;
  /** @type {Figure[]} */
  const figures = [];
  if (best) {
    const sizes = layers.length > 1 ? sayCount(layers.length, ", {count} size", ", {count} sizes") : "";
    const frames = say("{count} frames/s", { count: best.frames_per_s.toFixed(0) });
    figures.push([say("Picture"), `${codecName(best.codec)}, ${bitrate(best.bitrate_bps)}, ${frames}${sizes}`]);
    figures.push([say("Keyframe"), best.keyframe_age_s === null ? say("none yet") : say("{seconds} s ago", { seconds: best.keyframe_age_s.toFixed(1) })]);
  }
  if (sound) figures.push([say("Sound"), `${codecName(sound.codec)}, ${bitrate(sound.bitrate_bps)}`]);
  figures.push([say("Lost"), share(Math.max(best?.lost_share ?? 0, sound?.lost_share ?? 0))]);
  if (rtt_ms !== null) figures.push([say("Round trip"), milliseconds(rtt_ms)]);
  return figures;
}

/**
 * @param {StageStatistics} measured
 * @returns {Figure[]}
 */
export function stageFigures(measured) {
  const layers = Object.entries(measured.layers).filter(([, count]) => count > 0);
  return [
    [say("Viewers"), measured.viewers.toLocaleString(locale)],
    [say("Lost"), share(measured.lost_share)],
    [say("Round trip"), bothMs(measured.rtt_ms_p50, measured.rtt_ms_p99)],
    [say("Freezes"), freezes(measured)],
    [say("Sizes watched"), layers.length ? layers.map(([layer, count]) => `${layerName(layer)} ${count.toLocaleString(locale)}`).join(", ") : "–"],
    [say("Last change of source"), measured.splice_wait_ms_last === null ? say("none yet") : say("took {time}", { time: milliseconds(measured.splice_wait_ms_last) })],
  ];
}

/**
 * A talk's quality report.
 *
 * @param {TalkQuality} quality
 * @returns {Figure[]}
 */
export function qualityFigures(quality) {
  return [
    [say("Viewers"), say("{viewers}, at most {most} at a time", { viewers: quality.viewers.toLocaleString(locale), most: quality.most_viewers.toLocaleString(locale) })],
    [say("Watched"), duration(quality.viewer_s)],
    [say("First picture"), bothMs(quality.first_picture_ms_p50, quality.first_picture_ms_p99)],
    [say("Lost"), share(lostShare(quality))],
    [say("Sent again"), quality.retransmitted.toLocaleString(locale)],
    [say("Round trip"), bothMs(quality.rtt_ms_p50, quality.rtt_ms_p99)],
    [say("Freezes"), freezes(quality)],
    [say("Changes of source"), splicesText(quality)],
    [say("Sent"), bytes(quality.bytes_sent)],
    [say("Watched in"), layerShares(quality.layer_s)],
  ];
}

/** In a line. @param {TalkQuality} quality */
export function qualityHeadline(quality) {
  const freezes = sayCount(quality.freezes, "{count} freeze", "{count} freezes");
  const viewers = sayCount(quality.viewers, "{count} viewer", "{count} viewers", { count: quality.viewers.toLocaleString(locale) });
  return say("{viewers}, {share} lost, {freezes}", { viewers, share: share(lostShare(quality)), freezes });
}

/** @param {TalkQuality} quality */
function splicesText({ splices, splice_wait_ms_worst: worst }) {
  return worst === null ? String(splices) : say("{count}, the slowest in {time}", { count: splices, time: milliseconds(worst) });
}

/** @param {TalkQuality} quality */
function lostShare({ packets_lost, packets_sent }) {
  return packets_sent ? packets_lost / packets_sent : 0;
}

/** @param {Record<string, number>} layerS */
function layerShares(layerS) {
  const all = Object.values(layerS).reduce((sum, seconds) => sum + seconds, 0);
  if (!all) return "–";
  const watched = Object.entries(layerS).filter(([, seconds]) => seconds > 0);
  return watched.map(([layer, seconds]) => `${layerName(layer)} ${((100 * seconds) / all).toFixed(0)} %`).join(", ");
}

/** @param {string} layer */
export function layerName(layer) {
  return layer === "none" ? say("sound only") : layer;
}

/**
 * How full a meter is: 0 at −60 dBov and below, 100 at 0.
 *
 * @param {number | null | undefined} dbov
 */
export function meterPercent(dbov) {
  if (dbov === null || dbov === undefined) return 0;
  return Math.round(Math.min(100, Math.max(0, (100 * (dbov + 60)) / 60)));
}

/** @param {string} codec such as `video/h264 baseline` */
export function codecName(codec) {
  const [type = "", profile = ""] = codec.split(" ");
  const name = type.split("/")[1] ?? type;
  const known = { vp8: "VP8", vp9: "VP9", h264: "H.264", av1: "AV1", opus: "Opus" }[name] ?? name;
  return name === "h264" && profile ? `${known} ${profile}` : known;
}

/** @param {number} bps */
export function bitrate(bps) {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

/** @param {number} part from 0 to 1 */
export function share(part) {
  const percent = 100 * part;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

/** @param {number | null} ms */
export function milliseconds(ms) {
  return ms === null ? "–" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/**
 * @param {number | null} p50
 * @param {number | null} p99
 */
function bothMs(p50, p99) {
  if (p50 === null) return "–";
  return p99 === null ? milliseconds(p50) : `${milliseconds(p50)}, p99 ${milliseconds(p99)}`;
}

/** @param {{freezes: number, freeze_s: number}} of */
function freezes({ freezes: count, freeze_s }) {
  return count ? `${count} (${freeze_s.toFixed(1)} s)` : say("none");
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return say("{seconds} s", { seconds: Math.round(seconds) });
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? say("{hours} h {minutes} min", { hours, minutes: minutes % 60 }) : say("{minutes} min", { minutes });
}

/** @param {number} count */
function bytes(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.round(count / 1e3)} kB`;
}
