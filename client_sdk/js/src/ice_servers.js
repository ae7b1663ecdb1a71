/** STUN and TURN servers as a media server names them: `Link` headers (RFC 9725 §4.6). */

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+="(?:[^"\\]|\\.)*")*)/g;
const PARAMETER = /([\w-]+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED = /\\(.)/g; // RFC 9110 §5.6.4

/**
 * @param {string | null} header all `Link` headers, joined by commas
 * @returns {RTCIceServer[]}
 */
export function iceServersOf(header) {
  return [...(header ?? "").matchAll(LINK)].flatMap(([, urls, rest]) => {
    const { rel, username, credential } = parameters(rest);
    if (rel !== "ice-server") return [];
    return [username ? { urls, username, credential } : { urls }];
  });
}

/**
 * @param {string} text
 * @returns {Record<string, string>}
 */
function parameters(text) {
  const found = [...text.matchAll(PARAMETER)];
  return Object.fromEntries(found.map(([, name, value]) => [name, value.replace(ESCAPED, "$1")]));
}
