/** What the page Access says of links and of the audit's entries. Pure. */

import { say, sayCount } from "./words.js";

/** @typedef {import("/sdk/types.js").KnownToken} KnownToken */
/** @typedef {import("/sdk/types.js").AuditEntry} AuditEntry */

/** @type {Record<string, string>} */
const WHAT = {
  registration: say("Registered"),
  renewal: say("Renewed their token"),
  link: say("Used a short link"),
  "link.refused": say("Short link refused"),
  "registration.refused": say("Registration refused"),
  "login.refused": say("Token refused"),
  "guest.invited": say("Guest invited"),
  "person.banned": say("Banned"),
  "person.unbanned": say("Ban lifted"),
  "person.signed_out": say("All tokens revoked"),
  "person.erased": say("Erased"),
  "token.revoked": say("Token revoked"),
};

/** @type {Record<string, string>} */
const WHY = {
  bad_invite_code: say("wrong code"),
  bad_token: say("not valid"),
  token_expired: say("expired"),
  token_not_yet: say("not valid yet"),
  rate_limited: say("too many"),
  banned: say("shut out"),
  forbidden: say("closed"),
  no_link: say("none such"),
  link_used: say("used in another browser"),
};

/** A role as people write it. @param {string} role */
export const roleWord = (role) => ROLES[role] ?? role.replaceAll("_", " ");

/** @type {Record<string, string>} */
const ROLES = {
  producer: say("producer"),
  moderator: say("moderator"),
  speaker: say("speaker"),
  ops: say("ops"),
  stage_manager: say("stage manager"),
  captioner: say("captioner"),
  screen: say("screen"),
  attendee: say("attendee"),
};

/** @param {AuditEntry} entry */
export function whatText({ what, code, count = 1, roles }) {
  const said = what === "staff.came" ? say("Came as {roles}", { roles: (roles ?? []).map(roleWord).join(", ") }) : (WHAT[what] ?? what);
  const why = code ? `: ${WHY[code] ?? code}` : "";
  return `${said}${why}${count > 1 ? sayCount(count, ", {count} time", ", {count} times") : ""}`;
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
  return by ? say("{whom} by {name}", { whom, name: named(by) }) : whom;
}

/** @param {AuditEntry} entry */
export function fromText({ address, addresses }) {
  return addresses ? sayCount(addresses, "{count} address", "{count} addresses") : (address ?? "");
}

/** @param {KnownToken} link */
export function holderText({ name, person }) {
  return name || person;
}
