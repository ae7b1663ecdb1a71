/** ICE restarts by WHIP and WHEP: new credentials there, the server's back (RFC 9725 §4.3.2). Pure. */

const CREDENTIALS = /^a=ice-(ufrag|pwd):[^\r\n]*/gm;

/**
 * What to PATCH for an offer that was made with `iceRestart`: its credentials, and its candidates.
 *
 * @param {string} offer
 * @returns {string} an SDP fragment (RFC 8840)
 */
export function restartFragment(offer) {
  const [session = "", first = ""] = offer.split(/^(?=m=)/m);
  const lines = (/** @type {RegExp} */ kind) => [...`${session}${first}`.matchAll(kind)].map(([line]) => line.trim());
  const [ufrag = "", pwd = ""] = credentials(offer);
  const candidates = lines(/^a=candidate:.*$/gm);
  const medium = [lines(/^m=.*$/gm)[0] ?? "", lines(/^a=mid:.*$/gm)[0] ?? ""];
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, ...medium, ...candidates, "a=end-of-candidates", ""].join("\r\n");
}

/**
 * The server's earlier answer with what it said after the restart.
 *
 * @param {string} answer
 * @param {string} fragment
 * @returns {string}
 */
export function restartedAnswer(answer, fragment) {
  const [ufrag, pwd] = credentials(fragment);
  const candidates = [...fragment.matchAll(/^a=(?:candidate:.*|end-of-candidates)\r?$/gm)].map(([line]) => `${line.trim()}\r\n`);
  const moved = answer.replace(CREDENTIALS, (_, kind) => `a=ice-${kind}:${kind === "ufrag" ? ufrag : pwd}`);
  if (candidates.length === 0) return moved;
  const bare = moved.replace(/^a=(?:candidate:.*|end-of-candidates)\r?\n/gm, "");
  return bare.replace(/^a=mid:.*\r?\n/m, (mid) => mid + candidates.join(""));
}

/**
 * @param {string} sdp
 * @returns {string[]} ufrag and password
 */
function credentials(sdp) {
  const value = (/** @type {string} */ name) => new RegExp(`^a=ice-${name}:(\\S+)`, "m").exec(sdp)?.[1] ?? "";
  return [value("ufrag"), value("pwd")];
}
