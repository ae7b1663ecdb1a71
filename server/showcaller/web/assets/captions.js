/** Captions as somebody writes them: one line at a time, Enter sends it. */

import { sessionOf, sessionsOf, statusOf } from "./agenda_model.js";
import { inTheirOrder, languageName } from "./caption_model.js";
import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { openPage, refuse } from "./page.js";
import { address } from "./place.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").Caption} Caption */

const page = await openPage({ name: "captions", title: say("Captions"), roles: ["captioner", "moderator", "producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const session = page.place.session ?? "";
const text = byId("caption-text", HTMLInputElement);
const language = byId("caption-language", HTMLSelectElement);
let channel = "";
let leave = () => {};
/** Whose text is corrected; empty: a new line is written. */
let corrects = "";
/** What was typed goes out in its order. */
let sending = Promise.resolve();

byId("caption-form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  send();
});
byId("caption-cancel").addEventListener("click", () => correct(null));
text.addEventListener("keydown", ({ key }) => key === "Escape" && corrects && correct(null));
language.addEventListener("change", follow);
page.onChange(render);

function render() {
  if (page.items.size === 0) return undefined;
  if (!session) return choose();
  const here = sessionOf(page.items, session);
  if (!here) return refuse(say("There is no such session"), say("It may have been renamed. The agenda has all of them."));
  const languages = here.captions ?? [];
  if (languages.length === 0) return refuse(say("No captions here"), say("The schedule names no language in which this session has captions."));
  const { text: state, tone } = statusOf(here, page.items, page.showNow() ?? 0);
  setText(byId("title"), here.title);
  setText(byId("state"), state);
  byId("state").dataset.tone = tone;
  show(byId("state"), state !== "");
  setAttribute(byId("to-talk"), "href", address(page.place.event, "watch", session));
  keyed(language, languages, (one) => one, (one) => h("option", { value: one }, languageName(one)));
  document.title = say("Captions – {title}", { title: here.title });
  show(byId("writing"), true);
  if (!channel) follow();
  page.reveal();
  return undefined;
}

/** Without a talk in the address: one of those that have captions. */
function choose() {
  const talks = sessionsOf(page.items).filter(({ captions }) => (captions ?? []).length > 0);
  setText(byId("title"), say("Captions"));
  show(byId("choosing"), true);
  show(byId("to-talk"), false);
  setText(byId("no-talks"), talks.length === 0 ? say("No session of this event has captions: its schedule names no languages.") : "");
  keyed(byId("talks"), talks, ({ id }) => id, ({ id, title }) => h("li", {}, h("a", { href: address(page.place.event, "captions", id) }, title)));
  page.reveal();
}

function follow() {
  leave();
  if (channel) client.unfollow(channel);
  channel = `session/${session}/captions/${language.value}`;
  leave = client.follow(channel).on("change", renderLines);
  setAttribute(text, "lang", language.value);
  correct(null);
}

function renderLines() {
  const lines = inTheirOrder(/** @type {Iterable<Caption>} */ (client.follow(channel).items.values()));
  keyed(byId("caption-lines"), lines, ({ id }) => id, newLine, (item, line) => {
    setText(/** @type {Element} */ (item.children[1]), line.text);
    item.dataset.corrects = String(line.id === corrects);
  });
  show(byId("no-lines"), lines.length === 0);
  const log = byId("caption-log");
  if (!corrects) log.scrollTop = log.scrollHeight;
}

/** @param {Caption} line */
function newLine({ id, from_ms }) {
  const fix = () => correct(/** @type {Caption | undefined} */ (client.follow(channel).items.get(id)) ?? null);
  const at = h("span", { class: "times quiet small" }, clockTime(from_ms));
  const button = h("button", { class: "compact", type: "button", onclick: fix }, say("Correct"));
  return h("li", { class: "caption-line" }, at, h("span", { class: "text" }), button);
}

/** @param {Caption | null} line null: a new one is written */
function correct(line) {
  const was = corrects;
  corrects = line?.id ?? "";
  if (line || was) text.value = line?.text ?? "";
  setText(byId("caption-label"), line ? say("Correct this line; empty takes it out") : say("Write what is said; Enter sends"));
  setText(byId("caption-send"), line ? say("Correct") : say("Send"));
  show(byId("caption-cancel"), line !== null);
  text.focus();
  renderLines();
}

function send() {
  const typed = text.value.trim();
  const [id, of] = [corrects, language.value];
  if (!typed && !id) return;
  text.value = "";
  setText(byId("caption-error"), "");
  if (id) correct(null);
  sending = sending.then(async () => {
    try {
      await (id ? client.correctCaption(session, of, id, typed) : client.caption(session, of, typed));
    } catch (error) {
      setText(byId("caption-error"), say("“{typed}” was not sent. {reason}", { typed, reason: errorText(error) }));
    }
  });
}
