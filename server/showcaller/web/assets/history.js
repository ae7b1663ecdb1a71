/** The history of who did what: searched, narrowed, and saved as files. */

import { eventUrl, fetchHistory } from "/sdk/http.js";

import { sessionsOf, shorten } from "./agenda_model.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { KINDS, actText, doerText, doersOf, onWhatText } from "./history_model.js";
import { openPage } from "./page.js";
import { saveFile } from "./saved_file.js";
import { clockTimeWithSeconds, dateOf } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").HistoryEntry} HistoryEntry */

const PAGE = 100;
const REFRESH_EVERY_MS = 10_000;
const TYPED_AFTER_MS = 250;

const page = await openPage({ name: "history", title: say("History"), roles: ["moderator", "producer", "ops", "stage_manager"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const words = byId("words", HTMLInputElement);
const menus = { what: byId("kind", HTMLSelectElement), session: byId("session", HTMLSelectElement), by: byId("doer", HTMLSelectElement) };
let shown = PAGE;
let asked = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
/** Everybody who was seen doing something, by id. @type {Map<string, string>} */
const doers = new Map();

menus.what.replaceChildren(...KINDS.map(([value, text]) => h("option", { value }, text)));
fillMenu(menus.by, say("Everybody"), []);
fillMenu(menus.session, say("All sessions"), []);
for (const menu of Object.values(menus)) menu.addEventListener("change", () => narrow());
words.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(narrow, TYPED_AFTER_MS);
});
byId("filters").addEventListener("submit", (submitted) => submitted.preventDefault());
byId("more").addEventListener("click", () => {
  shown += PAGE;
  void refresh();
});
for (const kind of ["csv", "json"]) byId(`save-${kind}`).addEventListener("click", () => void save(kind));
client.on("welcome", ({ roles }) => {
  const has = (/** @type {string} */ role) => roles.includes(role);
  const all = say("Everything that moderators and producers did, the newest first. The files have what is found here.");
  const own = say("Everything that was done on your stage, the newest first. The files have what is found here.");
  const moderators = say("Everything that moderators did, the newest first. The files have what is found here.");
  setText(byId("lead"), has("producer") || has("ops") ? all : has("stage_manager") ? own : moderators);
  void refresh();
});
page.onChange(renderSessions);
setInterval(() => document.visibilityState === "visible" && void refresh(), REFRESH_EVERY_MS);

function narrow() {
  shown = PAGE;
  void refresh();
}

function filters() {
  return { q: words.value.trim(), what: menus.what.value, session: menus.session.value, by: menus.by.value };
}

async function refresh() {
  const turn = ++asked;
  try {
    const { entries, more } = await fetchHistory({ event: page.place.event, token: client.token, ...filters(), limit: shown });
    if (turn !== asked) return; // another answer is on its way
    setText(byId("error"), "");
    render(entries, more);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
  page.reveal();
}

/**
 * @param {HistoryEntry[]} entries
 * @param {boolean} more
 */
function render(entries, more) {
  for (const [by, name] of doersOf(entries)) doers.set(by, name);
  fillMenu(menus.by, say("Everybody"), [...doers].sort(([, a], [, b]) => a.localeCompare(b)));
  keyed(byId("entries"), entries, ({ offset }) => String(offset), newRow, fillRow);
  show(byId("none"), !entries.length);
  show(byId("more"), more);
  setText(byId("found"), more ? say("{count} and more found", { count: entries.length }) : say("{count} found", { count: entries.length }));
}

function newRow() {
  const labels = [say("When"), say("Who"), say("What"), say("On what")];
  return h("tr", {}, ...labels.map((_, i) => h("td", i === 0 ? { class: "times" } : {})));
}

/**
 * @param {HTMLElement} row
 * @param {HistoryEntry} entry
 */
function fillRow(row, entry) {
  row.dataset.refused = String(Boolean(entry.refused));
  const when = `${dateOf(entry.at_ms)}, ${clockTimeWithSeconds(entry.at_ms)}`;
  [when, doerText(entry), actText(entry), onWhatText(entry)].forEach((text, i) => setText(/** @type {Element} */ (row.children[i]), text));
}

function renderSessions() {
  fillMenu(menus.session, say("All sessions"), sessionsOf(page.items).map(({ id, title }) => [id, shorten(title, 60)]));
}

/**
 * Fills a menu anew, if it says anything else; what is chosen stays.
 *
 * @param {HTMLSelectElement} menu
 * @param {string} all
 * @param {[value: string, text: string][]} options
 */
function fillMenu(menu, all, options) {
  const texts = [["", all], ...options];
  if (menu.dataset.texts === JSON.stringify(texts)) return;
  menu.dataset.texts = JSON.stringify(texts);
  const { value } = menu;
  menu.replaceChildren(...texts.map(([id = "", text = ""]) => h("option", { value: id }, text)));
  menu.value = value;
}

/** @param {string} kind */
async function save(kind) {
  const query = new URLSearchParams(Object.entries(filters()).filter(([, value]) => value));
  try {
    await saveFile(eventUrl(page.place, `/exports/history.${kind}?${query}`), `history.${kind}`, client.token);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}
