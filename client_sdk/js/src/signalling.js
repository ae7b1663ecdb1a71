/** WHIP and WHEP over HTTP: an offer for an answer, and the farewell (RFC 9725; PROTOCOL.md §9). */

import { ShowcallerError, asShowcallerError, errorFromResponse } from "./errors.js";
import { iceServersOf } from "./ice_servers.js";

/**
 * @typedef {object} Answered
 * @property {string} sdp
 * @property {string} resource absolute URL of the WHIP or WHEP session
 * @property {RTCIceServer[]} iceServers for networks that the server can't be reached from
 */

/**
 * @param {string} url
 * @param {string} token
 * @param {string} offer
 * @param {AbortSignal} signal
 * @returns {Promise<Answered>}
 */
export async function postOffer(url, token, offer, signal) {
  try {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
    const response = await fetch(url, { method: "POST", headers, body: offer, signal });
    if (response.status !== 201) throw await errorFromResponse(response);
    const location = response.headers.get("Location");
    if (!location) throw new ShowcallerError("no_location", "The answer has no Location.");
    const iceServers = iceServersOf(response.headers.get("Link"));
    return { sdp: await response.text(), resource: new URL(location, response.url).href, iceServers };
  } catch (error) {
    throw asShowcallerError(error);
  }
}

/**
 * Restarts ICE: the old path serves until the new one works.
 *
 * @param {string} resource
 * @param {string} token
 * @param {string} fragment
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the server's fragment
 */
export async function patchRestart(resource, token, fragment, signal) {
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/trickle-ice-sdpfrag",
    "If-Match": "*",
  };
  try {
    const response = await fetch(resource, { method: "PATCH", headers, body: fragment, signal });
    if (response.status !== 200) throw await errorFromResponse(response);
    return await response.text();
  } catch (error) {
    throw asShowcallerError(error);
  }
}

/**
 * Raises a ShowcallerError unless the server still has this session: 404 when it has ended.
 *
 * @param {string} resource
 * @param {string} token
 * @param {AbortSignal} signal
 */
export async function findResource(resource, token, signal) {
  try {
    const response = await fetch(resource, { headers: { Authorization: `Bearer ${token}` }, signal });
    if (response.status !== 204) throw await errorFromResponse(response);
  } catch (error) {
    throw asShowcallerError(error);
  }
}

/**
 * What is on the stage: what its picture is coded in, and whether this viewer's offer has that.
 *
 * @param {string} resource
 * @param {string} token
 * @returns {Promise<{codec: string, playable: boolean}>}
 */
export async function getPicture(resource, token) {
  try {
    const response = await fetch(`${resource}/layer`, { headers: { Authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw await errorFromResponse(response);
    return await response.json();
  } catch (error) {
    throw asShowcallerError(error);
  }
}

/**
 * Says which picture a viewer wants.
 *
 * @param {string} resource
 * @param {string} token
 * @param {string} layer
 */
export async function postLayer(resource, token, layer) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  try {
    const response = await fetch(`${resource}/layer`, { method: "POST", headers, body: JSON.stringify({ layer }) });
    if (response.status !== 204) throw await errorFromResponse(response);
  } catch (error) {
    throw asShowcallerError(error);
  }
}

/**
 * Says goodbye; whether it is heard does not matter, the server notices the silence too.
 *
 * @param {string} resource
 * @param {string} token
 */
export function deleteResource(resource, token) {
  const headers = { Authorization: `Bearer ${token}` };
  fetch(resource, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}

/**
 * Browsers play Opus in mono unless their own offer says that they take stereo (RFC 7587 §6.1).
 *
 * @param {string} sdp
 * @returns {string} with `stereo=1` for Opus
 */
export function withStereo(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (opus === undefined) return sdp;
  const parameters = new RegExp(`^(a=fmtp:${opus} )(.*?)(\r?)$`, "m");
  if (!parameters.test(sdp)) return sdp.replace(/^(a=rtpmap:\d+ opus\/48000\/2)(\r?\n)/im, `$1$2a=fmtp:${opus} stereo=1$2`);
  return sdp.replace(parameters, (line, head, told, end) =>
    /(^|;)\s*stereo=/.test(told) ? line : `${head}${told};stereo=1${end}`,
  );
}

/**
 * Sets the offer and waits until it holds its candidates, so that nothing has to trickle.
 *
 * @param {RTCPeerConnection} peer
 * @param {number} deadlineMs after which it goes as it is
 * @param {RTCOfferOptions} [options]
 * @returns {Promise<string>} the offer's SDP
 */
export async function gatheredOffer(peer, deadlineMs, options) {
  const offer = await peer.createOffer(options);
  await peer.setLocalDescription({ type: "offer", sdp: withStereo(offer.sdp ?? "") });
  await new Promise((resolve) => {
    const check = () => peer.iceGatheringState === "complete" && resolve(null);
    peer.addEventListener("icegatheringstatechange", check);
    setTimeout(resolve, deadlineMs, null);
    check();
  });
  return peer.localDescription?.sdp ?? "";
}
