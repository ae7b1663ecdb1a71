/** A certificate of attendance: one's own, to be printed, or anybody's, to be checked by its code. */

import { asShowcallerError, checkCertificate, fetchCertificate } from "/sdk/index.js";

import { eventOf } from "./agenda_model.js";
import { certifiedLines, progressText } from "./certificate_model.js";
import { byId, h, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { openPage } from "./page.js";
import { address, placeOf } from "./place.js";
import { say } from "./words.js";

const given = placeOf().session; // the code that is to be checked, where it stands in the address
const page = await openPage({ name: "certificate", title: say("Certificate of attendance"), reading: given !== null });
page.place.session = null;
let asked = false;

byId("print").addEventListener("click", () => print());
page.client?.on("welcome", () => void look());
page.onChange(() => void look());

/** Asks once the event is known. */
async function look() {
  const event = eventOf(page.items);
  const own = given === null;
  if (!event || asked || (own && !page.client?.welcome)) return;
  asked = true;
  const { event: id } = page.place;
  try {
    const found = own ? await fetchCertificate({ event: id, token: /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client).token }) : null;
    const code = found ? found.code : given;
    if (code) render(event, code, await checkCertificate({ event: id, code }));
    else if (found) setText(byId("told"), progressText(found));
  } catch (error) {
    const { code } = asShowcallerError(error);
    const none = own ? say("This event offers no certificate of attendance.") : say("This is no certificate of this event, or no longer one.");
    setText(byId("told"), code === "no_certificate" ? none : errorText(error));
  }
  page.reveal();
}

/**
 * @param {import("/sdk/types.js").Event} event
 * @param {string} code
 * @param {import("/sdk/types.js").Certified} certified
 */
function render(event, code, certified) {
  const at = new URL(address(event.id, "certificate", code), location.origin).href;
  setText(byId("told"), given === null ? say("Print it, or save it as PDF from the print dialog.") : say("This certificate is genuine."));
  setText(byId("heading"), event.certificate?.title || say("Certificate of attendance"));
  setText(byId("name"), certified.name);
  setText(byId("event"), event.title);
  setText(byId("words"), event.certificate?.text ?? "");
  byId("lines").replaceChildren(...certifiedLines(certified).map((line) => h("li", {}, line)));
  setText(byId("check"), at);
  setAttribute(byId("check"), "href", at);
  show(byId("print"), given === null);
  show(byId("certificate"), true);
}
