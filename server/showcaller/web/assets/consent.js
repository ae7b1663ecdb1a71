/** The question whether a speaker may be recorded, on their desk. */

import { consentOf } from "./consent_model.js";
import { byId, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";

/**
 * @param {import("/sdk/index.js").ShowcallerClient} client
 * @param {() => import("/sdk/types.js").Session | undefined} session
 * @param {import("/sdk/index.js").Channel} mine the speaker's own channel
 * @returns {() => void} shows what is so now
 */
export function askConsent(client, session, mine) {
  const answers = { yes: byId("consent-yes", HTMLInputElement), no: byId("consent-no", HTMLInputElement) };
  /** What was pressed last stands until the server says so, too. @type {boolean | null} */
  let pressed = null;
  const render = () => {
    const now = session();
    const known = now && mine.items.get(`recording:${now.id}`);
    if (known?.agreed === pressed) pressed = null;
    const consent = now ? consentOf(now, pressed === null ? known : { agreed: pressed }) : null;
    show(byId("consent"), consent !== null);
    if (!consent) return;
    for (const [answer, input] of Object.entries(answers)) input.checked = consent.chosen === answer;
    setText(byId("consent-text"), consent.text);
  };
  const answer = async (/** @type {boolean} */ agreed) => {
    pressed = agreed;
    render();
    try {
      await client.commandNow("recording.agree", { session: session()?.id ?? "", agreed });
      setText(byId("consent-error"), "");
    } catch (error) {
      pressed = null;
      setText(byId("consent-error"), errorText(error));
    }
    render();
  };
  answers.yes.addEventListener("change", () => void answer(true));
  answers.no.addEventListener("change", () => void answer(false));
  return render;
}
