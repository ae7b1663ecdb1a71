/** The organiser's home: who may do what, links for everybody, attendance, and files of what the event left. */

import { fetchAttendance, fetchTokens } from "/sdk/index.js";
import { eventUrl } from "/sdk/http.js";

import { eventOf } from "./agenda_model.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { FILES, attendanceLines, openLinks, roleLines } from "./organise_model.js";
import { openPage } from "./page.js";
import { address } from "./place.js";
import { saveFile } from "./saved_file.js";
import { say } from "./words.js";

const REFRESH_EVERY_MS = 30_000;

const page = await openPage({ name: "organise", title: say("Organise"), roles: ["producer", "ops"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);

byId("to-access").setAttribute("href", address(page.place.event, "access"));
byId("print").addEventListener("click", () => print());
byId("files").replaceChildren(...FILES.map(([name, text, kinds]) => fileRow(name, text, kinds)));
client.on("welcome", () => void refresh());
page.onChange(renderLinks);
setInterval(() => document.visibilityState === "visible" && void refresh(), REFRESH_EVERY_MS);

async function refresh() {
  const asked = { event: page.place.event, token: client.token };
  try {
    const [{ tokens }, { attendance }] = await Promise.all([fetchTokens(asked), fetchAttendance(asked)]);
    setText(byId("error"), "");
    renderRows("roles", roleLines(tokens, page.serverNow()), ({ role }) => role, ({ role, may, holders }) => [role, may, holders || say("Nobody yet")]);
    const lines = attendanceLines(attendance);
    renderRows("attendance", lines, ({ what }) => what, ({ what, people, peak, average }) => [what, people, peak, average]);
    show(byId("nobody"), lines.length === 0);
    show(byId("attendance-table"), lines.length > 0);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
  page.reveal();
}

/**
 * @template Line
 * @param {string} table
 * @param {Line[]} lines
 * @param {(line: Line) => string} keyOf
 * @param {(line: Line) => string[]} cellsOf
 */
function renderRows(table, lines, keyOf, cellsOf) {
  const newRow = (/** @type {Line} */ line) => h("tr", {}, ...cellsOf(line).map((_, i) => (i ? h("td", {}) : h("th", { scope: "row" }))));
  keyed(byId(table), lines, keyOf, newRow, (row, line) => {
    cellsOf(line).forEach((text, i) => setText(/** @type {Element} */ (row.children[i]), text));
  });
}

function renderLinks() {
  const event = eventOf(page.items);
  if (!event) return;
  const newRow = (/** @type {import("./organise_model.js").OpenLink} */ { path }) => {
    const url = new URL(path, location.origin).href;
    return h("tr", {}, h("th", { scope: "row" }), h("td", {}, h("a", { href: url }, url)));
  };
  keyed(byId("links"), openLinks(event), ({ path }) => path, newRow, (row, { what }) => setText(/** @type {Element} */ (row.firstElementChild), what));
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string[]} kinds
 */
function fileRow(name, text, kinds) {
  const button = (/** @type {string} */ kind) => {
    const said = kind === "csv" ? say("Table") : "JSON";
    const onclick = () => void save(`${name}.${kind}`);
    return h("button", { class: "compact", type: "button", "aria-label": say("{what} as {kind}", { what: text, kind: said }), onclick }, said);
  };
  return h("tr", {}, h("th", { scope: "row" }, text), h("td", {}, h("div", { class: "row" }, ...kinds.map(button))));
}

/** @param {string} file */
async function save(file) {
  setText(byId("error"), "");
  try {
    await saveFile(eventUrl(page.place, `/exports/${file}`), file, client.token);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}
