/** The questions of one session in a window of their own, for a second screen. */

import { isOver, sessionOf, stageOf, statusOf } from "./agenda_model.js";
import { byId, setAttribute, setText, show } from "./dom.js";
import { openPage, refuse } from "./page.js";
import { address } from "./place.js";
import { QuestionsPanel } from "./questions_panel.js";
import { Turning } from "./turning_model.js";
import { say } from "./words.js";

const page = await openPage({ name: "questions", title: say("Questions") });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const questions = new QuestionsPanel(client, render, page.place.event);
const turning = new Turning();

questions.turnTo(page.place.session ?? "");
client.on("welcome", render);
page.onChange(render);

function render() {
  if (page.items.size === 0) return undefined;
  const session = sessionOf(page.items, page.place.session ?? "");
  if (!session) return refuse(say("There is no such session"), say("It may have been renamed. The agenda has all of them."));
  const next = turning.next(session, stageOf(page.items, session.stage), page.items);
  if (next && isOver(session)) return goOn(next.id);
  const { text, tone } = statusOf(session, page.items, page.showNow() ?? 0);
  setText(byId("title"), session.title);
  setText(byId("state"), text);
  byId("state").dataset.tone = tone;
  show(byId("state"), text !== "");
  setAttribute(byId("to-talk"), "href", address(page.place.event, "watch", session.id));
  document.title = say("Questions – {title}", { title: session.title });
  if (questions.ready) page.reveal();
  return undefined;
}

/** With the talk's own page: to the next one on its stage. @param {string} session */
function goOn(session) {
  page.place.session = session;
  history.replaceState(null, "", address(page.place.event, "questions", session));
  questions.turnTo(session);
  render();
}
