/** A speaker's own yes or no to being recorded. Pure. */

import { isOver } from "./agenda_model.js";
import { say } from "./words.js";

/**
 * @typedef {object} Consent
 * @property {"" | "yes" | "no"} chosen empty: they were asked and have not answered
 * @property {string} text what follows from it
 */

/**
 * @param {import("/sdk/types.js").Session} session
 * @param {import("/sdk/types.js").OwnConsent | undefined} own what they have answered
 * @returns {Consent | null} null: nothing of the session is to be recorded any more
 */
export function consentOf(session, own) {
  if ((session.record ?? "no") === "no" || isOver(session)) return null;
  const agreed = own?.agreed ?? (session.record === "yes" ? true : null);
  if (agreed === null) return { chosen: "", text: say("Nothing of you is recorded before you have said yes.") };
  if (!agreed) return { chosen: "no", text: say("You are not recorded. The others are, if they agree.") };
  return { chosen: "yes", text: say("You are recorded while the session is live, never in the green room. You can change your mind.") };
}
