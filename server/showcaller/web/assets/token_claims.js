/** The claims of a token about its holder. Pure; nothing is verified here, the server does that. */

const STAFF = ["producer", "moderator", "speaker", "screen", "stage_manager", "captioner"];

/**
 * @param {string} token
 * @returns {{person: string, roles: string[], stages: string[]}} of nobody, if it is not a token
 */
export function claimsOf(token) {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const { sub, roles, stages } = JSON.parse(new TextDecoder().decode(bytes));
    const texts = (/** @type {unknown} */ list) => (Array.isArray(list) ? list.map(String) : []);
    return { person: typeof sub === "string" ? sub : "", roles: texts(roles), stages: texts(stages) };
  } catch {
    return { person: "", roles: [], stages: [] };
  }
}

/**
 * Whether the browser may keep it for good: only what an attendee may do. One that can't be read may not.
 *
 * @param {string} token
 */
export function isAttendees(token) {
  const { person, roles } = claimsOf(token);
  return person !== "" && !roles.some((role) => STAFF.includes(role));
}

/**
 * @param {string} token
 * @param {string[]} roles one of these is needed; none: any will do
 */
export function hasRole(token, roles) {
  return roles.length === 0 || claimsOf(token).roles.some((role) => roles.includes(role));
}
