/** Who has access: the staff's links, which are revoked here, and what happened at the doors. */

import { fetchAudit, fetchTokens } from "/sdk/index.js";
import { eventUrl } from "/sdk/http.js";

import { fromText, holderText, roleWord, whatText, whoText } from "./access_model.js";
import { sessionOf } from "./agenda_model.js";
import { armButton } from "./armed_button.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { openPage } from "./page.js";
import { saveFile } from "./saved_file.js";
import { clockTime, dateOf } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").KnownToken} KnownToken */
/** @typedef {import("/sdk/types.js").AuditEntry} AuditEntry */

const SHOWN = 200;
const REFRESH_EVERY_MS = 10_000;

const page = await openPage({ name: "access", title: say("Access"), roles: ["producer", "ops"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);

byId("refresh").addEventListener("click", () => void refresh());
for (const kind of ["csv", "json"]) byId(`audit-${kind}`).addEventListener("click", () => void save(kind));
client.on("welcome", () => void refresh());
setInterval(() => document.visibilityState === "visible" && void refresh(), REFRESH_EVERY_MS);

async function refresh() {
  const asked = { event: page.place.event, token: client.token };
  try {
    const [{ tokens, guests = [] }, { entries }] = await Promise.all([fetchTokens(asked), fetchAudit({ ...asked, limit: SHOWN })]);
    setText(byId("error"), "");
    keyed(byId("links"), tokens, (link) => `${link.person} ${link.token}`, newLink, updateLink);
    keyed(byId("guests"), guests, ({ token }) => token, newGuest, updateGuest);
    show(byId("guests-box"), guests.length > 0);
    const rows = numbered(entries);
    const names = new Map(tokens.map(({ person, name }) => [person, name]));
    keyed(byId("entries"), rows, ({ key }) => key, newEntry, ({ children }, { entry }) => fill(children, entry, names));
    setText(byId("audit-note"), entries.length < SHOWN ? say("The newest first.") : say("The newest {shown}. All of them are in the files.", { shown: SHOWN }));
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
  page.reveal();
}

/** Entries have no ids: those that are alike are told apart by their order. @param {AuditEntry[]} entries */
function numbered(entries) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return entries.map((entry) => {
    const text = JSON.stringify(entry);
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    return { key: `${text} ${count}`, entry };
  });
}

/** @param {KnownToken} link */
function newLink({ token, person, revoked }) {
  const button = h("button", { class: "compact danger", type: "button" }, say("Revoke"));
  armButton(button, say("Revoke this link?"), () => void revoke(token, person));
  show(button, !revoked);
  const cells = [say("First used"), say("Good until")].map((label) => h("td", { class: "times", "data-label": label }));
  return h("tr", {}, h("th", { scope: "row", title: person }), h("td", {}), ...cells, h("td", {}, button));
}

/**
 * @param {HTMLElement} row
 * @param {KnownToken} link
 */
function updateLink(row, link) {
  const [who, roles, seen, until, last] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (!who || !roles || !seen || !until || !last) return;
  row.dataset.revoked = String(link.revoked);
  setText(who, holderText(link));
  setText(roles, [...link.roles.map(roleWord), ...link.sessions].join(", "));
  setText(seen, instant(link.seen_ms));
  setText(until, link.revoked ? say("Revoked") : instant(link.expires_at_ms));
  const button = /** @type {HTMLElement | null} */ (last.firstElementChild);
  if (button) show(button, !link.revoked);
}

/** @param {import("/sdk/types.js").Guest} guest */
function newGuest({ token }) {
  const button = h("button", { class: "compact danger", type: "button" }, say("Revoke"));
  armButton(button, say("Revoke this link?"), () => void revoke(token, ""));
  const until = h("td", { class: "times", "data-label": say("Good until") });
  return h("tr", {}, h("th", { scope: "row" }), h("td", { class: "times", "data-label": say("Made") }), until, h("td", {}, button));
}

/**
 * @param {HTMLElement} row
 * @param {import("/sdk/types.js").Guest} guest
 */
function updateGuest({ children }, { session, invited_ms, expires_at_ms }) {
  const texts = [sessionOf(page.items, session)?.title ?? session, instant(invited_ms), instant(expires_at_ms)];
  texts.forEach((text, i) => setText(/** @type {Element} */ (children[i]), text));
}

/**
 * @param {string} token
 * @param {string} person
 */
async function revoke(token, person) {
  setText(byId("note"), "");
  if (client.status.state !== "connected") return setText(byId("error"), say("You are not connected: nothing was sent. Try again once you are."));
  try {
    await client.produce.revoke(token ? { token } : { person });
    setText(byId("note"), say("The link was revoked."));
    await refresh();
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
  return undefined;
}

function newEntry() {
  return h("tr", {}, h("td", { class: "times" }), h("td", {}), h("td", {}), h("td", {}));
}

/**
 * @param {HTMLCollection} cells
 * @param {AuditEntry} entry
 * @param {ReadonlyMap<string, string>} names by person
 */
function fill(cells, entry, names) {
  const texts = [instant(entry.at_ms), whatText(entry), whoText(entry, names), fromText(entry)];
  texts.forEach((text, i) => setText(/** @type {Element} */ (cells[i]), text));
}

/** In the reader's own time: it happened now, whatever the show's clock says. @param {number} ms wall time */
function instant(ms) {
  return `${dateOf(ms)}, ${clockTime(ms)}`;
}

/** @param {string} kind */
async function save(kind) {
  const name = `audit.${kind}`;
  try {
    await saveFile(eventUrl(page.place, `/exports/${name}`), name, client.token);
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}
