/** Publishing a speaker's audio and video into a session's room by WHIP: PROTOCOL.md §9. */

import { eventUrl } from "./http.js";
import { MediaSession } from "./media_session.js";

const MAX_VIDEO_BITRATE = 2_500_000; // bit/s
/** The picture in three sizes, the best first: viewers get the one that their lines carry. */
const LAYERS = [
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: MAX_VIDEO_BITRATE },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 700_000 },
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 200_000 },
];
const START_VIDEO_KBIT_S = 1_500;

/**
 * @typedef {object} PublishOptions
 * @property {string} [url] the server's address; the page's own if left out
 * @property {string} event
 * @property {string} session
 * @property {() => string} token the newest token
 * @property {MediaStream} stream at most one audio and one video track
 * @property {Source} [source] `main` if left out; `slides` is one sharp picture, the others come in three sizes
 *
 * @typedef {"main" | "slides" | "spare"} Source
 */

/**
 * Begins to publish; `stop()` leaves the room. The tracks stay yours.
 *
 * @param {PublishOptions} options
 * @returns {MediaSession}
 */
export function publish({ url, event, session, token, stream, source = "main" }) {
  return new MediaSession({
    url: eventUrl({ url, event }, `/sessions/${session}/whip?source=${source}`),
    token,
    adjustAnswer: (sdp) => withStartBitrate(sdp, START_VIDEO_KBIT_S),
    prepare: (peer) => {
      for (const track of stream.getTracks()) {
        peer.addTransceiver(track, { direction: "sendonly", streams: [stream], sendEncodings: encodings(track, source) });
      }
    },
  });
}

/**
 * @param {MediaStreamTrack} track
 * @param {Source} source
 * @returns {RTCRtpEncodingParameters[]}
 */
function encodings(track, source) {
  if (track.kind !== "video") return [{}];
  if (source !== "slides") return LAYERS;
  track.contentHint = "detail"; // sharp letters before a smooth picture
  return [{ maxBitrate: MAX_VIDEO_BITRATE }];
}

/**
 * The answer with a hint for Chromium to begin at this bitrate instead of 300 kbit/s, from which it
 * takes half a minute to a good picture. Other browsers ignore it.
 *
 * @param {string} sdp
 * @param {number} kbitPerS
 * @returns {string}
 */
export function withStartBitrate(sdp, kbitPerS) {
  return sdp.replace(
    /^(a=rtpmap:(\d+) (?:VP8|VP9|H264|AV1)\/90000)(\r?\n)(a=fmtp:\2 )?/gm,
    (_, rtpmap, type, end, fmtp) => {
      const hint = `${rtpmap}${end}a=fmtp:${type} x-google-start-bitrate=${kbitPerS}`;
      return fmtp ? `${hint};` : `${hint}${end}`;
    },
  );
}

/**
 * What a publisher sends, from `getStats()`.
 *
 * @typedef {object} PublisherFigures
 * @property {number} bytesSent
 * @property {number} framesEncoded
 * @property {number} framesPerSecond
 * @property {number} width
 * @property {number} height
 * @property {number} lostShare packets that the server misses, from 0 to 1
 * @property {number | null} roundTripMs
 * @property {string} limitedBy `none`, `cpu`, `bandwidth` or `other`
 *
 * @param {RTCStatsReport} report
 * @returns {PublisherFigures}
 */
export function publisherFigures(report) {
  const figures = {
    bytesSent: 0,
    framesEncoded: 0,
    framesPerSecond: 0,
    width: 0,
    height: 0,
    lostShare: 0,
    /** @type {number | null} */ roundTripMs: null,
    limitedBy: "none",
  };
  report.forEach((entry) => {
    if (entry.type === "outbound-rtp") figures.bytesSent += entry.bytesSent ?? 0;
    if (entry.type === "outbound-rtp" && entry.kind === "video" && (entry.frameWidth ?? 0) >= figures.width) {
      figures.framesEncoded = entry.framesEncoded ?? 0;
      figures.framesPerSecond = entry.framesPerSecond ?? 0;
      figures.width = entry.frameWidth ?? 0;
      figures.height = entry.frameHeight ?? 0;
      figures.limitedBy = entry.qualityLimitationReason ?? "none";
    }
    if (entry.type === "remote-inbound-rtp" && entry.kind === "video") {
      figures.lostShare = entry.fractionLost ?? 0;
    }
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      figures.roundTripMs = entry.currentRoundTripTime * 1000;
    }
  });
  return figures;
}
