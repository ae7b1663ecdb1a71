/** What the page Access says of links and of the audit's entries. Pure. */

/** @typedef {import("/sdk/types.js").KnownToken} KnownToken */
/** @typedef {import("/sdk/types.js").AuditEntry} AuditEntry */

/** @type {Record<string, string>} */
const WHAT = {
  registration: "Registered",
  renewal: "Renewed their token",
  link: "Used a short link",
  "link.refused": "Short link refused",
  "registration.refused": "Registration refused",
  "login.refused": "Token refused",
  "staff.came": "Came as",
  "person.banned": "Banned",
  "person.unbanned": "Ban lifted",
  "person.signed_out": "All tokens revoked",
  "person.erased": "Erased",
  "token.revoked": "Token revoked",
};

/** @type {Record<string, string>} */
const WHY = {
  bad_invite_code: "wrong code",
  bad_token: "not valid",
  token_expired: "expired",
  token_not_yet: "not valid yet",
  rate_limited: "too many",
  banned: "shut out",
  forbidden: "closed",
  no_link: "none such",
  link_used: "used in another browser",
};

/** A role as people write it. @param {string} role */
export const roleWord = (role) => role.replaceAll("_", " ");

/** @param {AuditEntry} entry */
export function whatText({ what, code, count = 1, roles }) {
  const said = WHAT[what] ?? what;
  const as = what === "staff.came" ? ` ${(roles ?? []).map(roleWord).join(", ")}` : "";
  const why = code ? `: ${WHY[code] ?? code}` : "";
  return `${said}${as}${why}${count > 1 ? `, ${count} times` : ""}`;
}

/**
 * Whom it is about, and who did it: by name where one is known.
 *
 * @param {AuditEntry} entry
 * @param {ReadonlyMap<string, string>} [names] by person
 */
export function whoText({ person, token, by }, names = new Map()) {
  const named = (/** @type {string} */ id) => names.get(id) || id;
  const whom = person ? named(person) : token || "";
  return by ? `${whom} by ${named(by)}` : whom;
}

/** @param {AuditEntry} entry */
export function fromText({ address, addresses }) {
  return addresses ? `${addresses} addresses` : (address ?? "");
}

/** @param {KnownToken} link */
export function holderText({ name, person }) {
  return name || person;
}
