/** STUN and TURN servers as a media server names them: `Link` headers (RFC 9725 §4.6). */

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+="[^"]*")*)/g;
const PARAMETER = /([\w-]+)="([^"]*)"/g;

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
  return Object.fromEntries([...text.matchAll(PARAMETER)].map(([, name, value]) => [name, value]));
}
