/** The agenda: what is on, what is next, and when, in the event's zone and the viewer's own. */

import { showGrid } from "./agenda_grid.js";
import { clockOf, dayOf, daysText, eventOf, isHeldUp, isOn, isOver, nextSession, sessionsOf, withDays } from "./agenda_model.js";
import { ALL, areParallel, choicesFrom, chosenSessions, dayTabs, languageName, languagesOf, nowSession } from "./agenda_view_model.js";
import { showCover } from "./brand.js";
import { byId, h, keyed, setAttribute, setText, show } from "./dom.js";
import { Favourites } from "./favourites.js";
import { clashes } from "./favourites_model.js";
import { LongList } from "./long_list.js";
import { offPlanMin } from "./moves_model.js";
import { ownCalendarMenu } from "./own_calendar.js";
import { openPage, takeNotice } from "./page.js";
import { address, calendarAddress } from "./place.js";
import { inBrowser } from "./remember.js";
import { RemindersMenu, takeMailLink } from "./reminders_menu.js";
import { SessionRow } from "./session_row.js";
import { joinWords, signInCard } from "./sign_in.js";
import { clockTime, countdown, isOwnZone, minutesText, zoneLabel, zoneName } from "./times.js";
import { say } from "./words.js";

/** @typedef {import("/sdk/types.js").Session} Session */

const WIDE = "(min-width: 60rem)";

const page = await openPage({ name: "agenda", title: "", reading: true });
const keptAs = `showcaller:agenda:${page.place.event}`;
/** @type {LongList<Session | string, import("./session_row.js").RowContext>} */
const list = new LongList(byId("sessions"), keyOf, newRow);
/** @type {import("./session_row.js").RowContext | null} */
let context = null;
/** @type {Session[]} */
let sessions = [];
/** Whether stages stand side by side unless the viewer chooses otherwise. */
let parallel = false;
/** @type {import("./agenda_view_model.js").Choices | null} */
let choices = null;
/** @type {{ready: boolean, all: ReadonlySet<string>}} */
let starred = { ready: false, all: new Set() };
/** Of what is starred: what happens at once. @type {ReadonlyMap<string, Session>} */
let clashing = new Map();
/** The speakers of each event as it was sent, by name. @type {WeakMap<object, {id: string, title: string}[]>} */
const speakerLists = new WeakMap();
/** What each select offers now. @type {Map<string, {id: string, title: string}[]>} */
const offered = new Map();
const favourites = new Favourites(page.client, renderStars);

page.favourites = favourites;
const linkTaken = takeMailLink(page.place.event, byId("mail-note"));
if (page.client) byId("own-calendar").append(ownCalendarMenu(page.client, new RemindersMenu(page.place.event, page.client, linkTaken).element));
byId("calendar").setAttribute("href", calendarAddress(page.place.event));
byId("to-speakers").setAttribute("href", address(page.place.event, "speakers"));
byId("zones").addEventListener("change", () => chooseZone());
byId("views").addEventListener("change", () => choose({ grid: byId("as-grid", HTMLInputElement).checked }));
matchMedia(WIDE).addEventListener("change", () => render());
byId("words").addEventListener("input", () => choose({ words: byId("words", HTMLInputElement).value }));
byId("stage").addEventListener("change", () => choose({ stage: byId("stage", HTMLSelectElement).value }));
byId("speaker").addEventListener("change", () => choose({ speaker: byId("speaker", HTMLSelectElement).value }));
byId("language").addEventListener("change", () => choose({ language: byId("language", HTMLSelectElement).value }));
byId("mine").addEventListener("click", () => choose({ mine: !choices?.mine }));
byId("show-all").addEventListener("click", showAll);
byId("to-now").addEventListener("click", jumpToNow);
byId("filters", HTMLDetailsElement).open = matchMedia(WIDE).matches;
page.onChange(render);
page.client?.on("welcome", render);
page.onTick(renderTimes);

// What to show --------------------------------------------------------------------------------------

/** @param {Partial<import("./agenda_view_model.js").Choices>} changed */
function choose(changed) {
  choices = { ...(choices ?? ALL), ...changed };
  inBrowser.set(keptAs, JSON.stringify(choices));
  render();
}

/** Days are other ones then: one that is none of them any more is not chosen any more. */
function chooseZone() {
  const [event, own] = [eventOf(page.items), zoneIsOwn()];
  const day = choices?.day ?? "";
  choose({ own, day: event && dayTabs(event, sessions, own).some((tab) => tab.day === day) ? day : "" });
}

function showAll() {
  byId("words", HTMLInputElement).value = "";
  choose({ ...ALL, own: zoneIsOwn(), grid: choices?.grid ?? null });
  byId("words").focus();
}

function zoneIsOwn() {
  return byId("zones").querySelector("input:checked")?.getAttribute("value") === "own";
}

/** @param {import("/sdk/types.js").Event} event as they were kept, the first time */
function choicesOf(event) {
  if (choices) return choices;
  choices = choicesFrom(inBrowser.get(keptAs), event, sessions);
  const zone = byId("zones").querySelector(`input[value="${choices.own ? "own" : "event"}"]`);
  if (zone instanceof HTMLInputElement) zone.checked = true;
  return choices;
}

/** To what is on, on the day that it is on, whatever was filtered out. */
function jumpToNow() {
  const event = eventOf(page.items);
  const session = nowSession(sessions);
  if (!event || !session) return;
  if (!chosenSessions([session], choicesOf(event), event).length) {
    byId("words", HTMLInputElement).value = "";
    const { own, grid, day } = choicesOf(event);
    choose({ ...ALL, own, grid, day: day && dayOf(session, event, own) });
  }
  list.whole().then(() => {
    const row = inGrid(event) ? byId("grid").querySelector(`[data-session="${CSS.escape(session.id)}"]`) : list.row(session.id)?.element;
    row?.scrollIntoView({ block: "start" });
    row?.querySelector("a")?.focus({ preventScroll: true });
  });
}

/** @param {boolean} over whether the event is */
function offerToJoin(over) {
  const words = joinWords(over);
  if (byId("join").hidden) {
    const card = signInCard({ event: page.place.event, registers: true, consents: eventOf(page.items)?.consents, notice: takeNotice(), ...words }, () => location.reload());
    byId("join-card").replaceChildren(card);
    byId("join", HTMLDetailsElement).open = matchMedia(WIDE).matches && !parallel; // a form would push stages side by side out of sight
    show(byId("join"), true);
  }
  setText(byId("join-summary"), words.summary);
  setText(byId("sign-in-lead"), words.lead);
}

// Rendering -----------------------------------------------------------------------------------------

function render() {
  const event = eventOf(page.items);
  if (!event) return;
  sessions = sessionsOf(page.items);
  parallel = areParallel(sessions);
  renderIntro(event);
  renderZones(event);
  renderFilters(event);
  renderSessions(event);
  renderNext();
  if (!page.client || (page.client.welcome && starred.ready)) page.reveal();
}

/** @param {import("/sdk/types.js").Event} event */
function renderIntro(event) {
  showCover(byId("cover"), event.id, event.brand);
  setText(byId("title"), event.title);
  setText(byId("summary"), event.summary);
  setText(byId("day"), daysText(event));
  const clock = clockOf(page.items);
  const rehearsal = clock && clock.rate !== 1 ? say("Rehearsal, {rate} times as fast", { rate: clock.rate }) : say("Rehearsal");
  const mode = clock?.held ? say("The show clock is held") : clock?.mode === "rehearsal" ? rehearsal : "";
  show(byId("mode"), mode !== "");
  setText(byId("mode"), mode);
  byId("mode").dataset.tone = clock?.held ? "wait" : "accent";
}

/** @param {import("/sdk/types.js").Event} event */
function renderZones(event) {
  const label = zoneLabel(event);
  setText(byId("event-zone"), say("Times in {label}", { label }));
  setText(byId("own-zone"), say("Your time ({zone})", { zone: zoneName(event.starts_at_ms) }));
  show(byId("zones"), !seesOwnTime(event));
}

/** @param {import("/sdk/types.js").Event} event */
function renderFilters(event) {
  const { own, day, stage, themes, speaker, language, mine, words } = choicesOf(event);
  const grid = inGrid(event);
  const tabs = dayTabs(event, sessions, own).filter((tab) => !grid || tab.day !== "");
  const shownDay = grid ? gridDay(event) : day;
  show(byId("days"), tabs.length > 0);
  keyed(byId("days"), tabs, (tab) => tab.day, newTab, (tab, one) => tab.setAttribute("aria-pressed", String(one.day === shownDay)));
  show(byId("stage"), event.stages.length > 1);
  show(byId("views"), event.stages.length > 1 && matchMedia(WIDE).matches);
  byId(grid ? "as-grid" : "as-list", HTMLInputElement).checked = true;
  keyed(byId("stage"), [{ id: "", title: say("All stages") }, ...event.stages], ({ id }) => id, ({ id, title }) => h("option", { value: id }, title));
  byId("stage", HTMLSelectElement).value = stage;
  renderThemes(event, themes);
  const languages = languagesOf(sessions).map((id) => ({ id, title: languageName(id) }));
  renderSelect("language", say("All languages"), languages, language);
  renderSelect("speaker", say("All speakers"), speakersByName(event), speaker);
  const filters = [stage, speaker, language, words, mine && starred.ready].filter(Boolean).length + themes.length;
  setAttribute(byId("mine"), "aria-pressed", String(mine));
  setText(byId("filtered"), String(filters));
  show(byId("filtered"), filters > 0);
}

/** @param {import("/sdk/types.js").Event} event */
function speakersByName(event) {
  const known = speakerLists.get(event) ?? event.speakers.map(({ id, name }) => ({ id, title: name })).sort((a, b) => a.title.localeCompare(b.title));
  speakerLists.set(event, known);
  return known;
}

/**
 * @param {string} id of the select, which shows where there are several to choose from
 * @param {string} all
 * @param {{id: string, title: string}[]} options
 * @param {string} chosen
 */
function renderSelect(id, all, options, chosen) {
  const select = byId(id, HTMLSelectElement);
  show(select, options.length > 1);
  if (offered.get(id)?.length !== options.length || offered.get(id)?.some((one, i) => one.title !== options[i]?.title)) {
    select.replaceChildren(h("option", { value: "" }, all), ...options.map(({ id: value, title }) => h("option", { value }, title)));
    offered.set(id, options);
  }
  select.value = chosen;
}

/** @param {{day: string, text: string}} tab */
function newTab({ day, text }) {
  return h("button", { class: "compact chip", type: "button", onclick: () => choose({ day }) }, text);
}

/**
 * @param {import("/sdk/types.js").Event} event
 * @param {string[]} chosen
 */
function renderThemes(event, chosen) {
  const toggled = (/** @type {string} */ id) => {
    const { themes } = choicesOf(event);
    choose({ themes: themes.includes(id) ? themes.filter((one) => one !== id) : [...themes, id] });
  };
  keyed(
    byId("themes"),
    event.themes.map((theme, i) => ({ ...theme, hue: String(i % 6) })),
    ({ id }) => id,
    ({ id, title, hue }) => h("button", { class: "compact chip", type: "button", "data-hue": hue, onclick: () => toggled(id) }, title),
    (chip, { id }) => chip.setAttribute("aria-pressed", String(chosen.includes(id))),
  );
}

/** @param {import("/sdk/types.js").Event} event whether its clocks show the viewer's own time, from start to end */
function seesOwnTime(event) {
  return isOwnZone(event, event.starts_at_ms) && isOwnZone(event, event.ends_at_ms);
}

/**
 * What all rows depend on. The same object while that is the same: rows are left alone then.
 *
 * @param {import("/sdk/types.js").Event} event
 */
function contextFor(event) {
  const { own } = choicesOf(event);
  if (context?.event === event && context.own === own) return context;
  const same = seesOwnTime(event);
  return {
    event,
    own,
    items: page.items,
    eventId: page.place.event,
    zone: own ? undefined : event,
    otherZone: own ? event : undefined,
    otherLabel: same ? "" : own ? zoneLabel(event) : zoneName(event.starts_at_ms),
    stages: event.stages.length > 1,
    showNow: () => page.showNow() ?? 0,
    favourites: () => starred,
    clashes: () => clashing,
    star: (/** @type {string} */ session) => void favourites.toggle(session),
  };
}

/** @param {import("/sdk/types.js").Event} event */
function renderSessions(event) {
  context = contextFor(event);
  const grid = inGrid(event);
  const wanted = grid ? { ...choicesOf(event), day: gridDay(event) } : choicesOf(event);
  clashing = clashes(sessions, starred.all);
  const chosen = chosenSessions(sessions, wanted, event, starred.ready ? starred.all : null);
  byId("agenda").dataset.view = grid ? "grid" : "list";
  list.show(grid ? [] : withDays(chosen, event, wanted.own), context);
  showGrid(byId("grid"), grid ? chosen : [], context);
  show(byId("sessions"), !grid);
  show(byId("grid-box"), grid && chosen.length > 0);
  show(byId("none"), chosen.length === 0);
  setText(byId("none-text"), wanted.mine && starred.ready && starred.all.size === 0 ? say("Your agenda is empty. Star what you want to see.") : say("Nothing matches what you chose."));
}

/** What somebody has starred: of the rows only those are touched that are other ones now. */
function renderStars() {
  const before = starred;
  starred = { ready: favourites.ready, all: favourites.all };
  show(byId("mine"), starred.ready);
  show(byId("own-calendar"), starred.ready);
  const event = eventOf(page.items);
  if (!event) return;
  const clashedBefore = clashing;
  clashing = clashes(sessions, starred.all);
  if (choicesOf(event).mine || inGrid(event)) renderSessions(event);
  const differs = (/** @type {string} */ id) => before.all.has(id) !== starred.all.has(id) || clashedBefore.get(id) !== clashing.get(id);
  for (const session of sessions) if (before.ready !== starred.ready || differs(session.id)) rowOf(session.id)?.updateStar(session);
  if (before.ready !== starred.ready) render();
}

/** @param {string} session @returns {SessionRow | undefined} */
function rowOf(session) {
  return /** @type {any} */ (list.row(session));
}

/** @param {import("/sdk/types.js").Event} event whether stages stand side by side */
function inGrid(event) {
  return (choicesOf(event).grid ?? parallel) && event.stages.length > 1 && matchMedia(WIDE).matches;
}

/** @param {import("/sdk/types.js").Event} event the one day that the grid shows: the chosen one, else that of now */
function gridDay(event) {
  const { day, own } = choicesOf(event);
  const now = nowSession(sessions);
  return day || (now ? dayOf(now, event, own) : "");
}

/** @param {Session | string} line a session, or a day before its sessions */
function keyOf(line) {
  return typeof line === "string" ? `day:${line}` : line.id;
}

/** @param {Session | string} line */
function newRow(line) {
  if (typeof line === "string") return { element: h("li", { class: "day" }, h("h2", {}, line)), update: () => {} };
  return /** @type {import("./long_list.js").Row<any, any>} */ (new SessionRow(line));
}

function renderNext() {
  const next = nextSession(sessions);
  renderNow(sessions.filter((session) => isOn(session) && session.kind !== "break"));
  if (!page.client) offerToJoin(sessions.every(isOver));
  show(byId("next"), sessions.length > 0);
  if (!next) return renderEnd(sessions.every(isOver));
  setText(byId("next-title"), say("Next"));
  setText(byId("next-name"), next.title);
  const hint = isHeldUp(next, page.showNow() ?? 0) ? say("Waiting for the session before it to end") : startText(next);
  setText(byId("next-hint"), clockOf(page.items)?.held ? say("The show clock is held") : hint);
  renderCountdown();
}

/** @param {Session} next */
function startText(next) {
  const min = offPlanMin(next);
  const told = { time: clockTime(next.expected.start_ms, context?.zone), length: minutesText(min) };
  if (min === 0) return say("Starts at {time}", told);
  return min > 0 ? say("Starts at {time}, {length} later than planned", told) : say("Starts at {time}, {length} earlier than planned", told);
}

/** As the clock goes. */
function renderTimes() {
  renderCountdown();
  const waiting = sessions.filter((session) => session.waiting_for);
  if (context) for (const session of waiting) list.row(session.id)?.update(session, context);
  if (waiting.length) renderNext();
}

function renderCountdown() {
  const showNow = page.showNow();
  const next = nextSession(sessions);
  if (showNow === null || !next) return;
  const leftMs = next.expected.start_ms - showNow;
  setText(byId("next-count"), leftMs <= 0 ? say("any moment") : countdown(leftMs));
}

/** @param {import("/sdk/types.js").Session[]} sessions of an event that is over */
function endHint(sessions) {
  const recorded = sessions.some(({ replay }) => replay);
  return recorded ? say("Watch the talks again below: each one’s page has its questions and answers, too.") : say("Each talk’s page keeps its questions and answers.");
}

/** @param {boolean} over */
function renderEnd(over) {
  setText(byId("next-title"), over ? say("This event is over") : say("Last session"));
  setText(byId("next-name"), over ? eventOf(page.items)?.ending?.text || say("Thank you for being there.") : say("Nothing comes after what is on now."));
  setText(byId("next-count"), "");
  setText(byId("next-hint"), over ? endHint(sessionsOf(page.items)) : "");
  byId("next").dataset.over = String(over);
  const event = eventOf(page.items);
  const own = event?.certificate ? [{ title: say("Certificate of attendance"), url: address(event.id, "certificate") }] : [];
  const links = over ? [...own, ...(event?.ending?.links ?? [])] : [];
  const newLink = (/** @type {{title: string, url: string}} */ { title, url }) => h("li", {}, h("a", { href: url, rel: "noopener" }, title));
  keyed(byId("next-links"), links, ({ url }) => url, newLink, () => {});
  show(byId("next-links"), links.length > 0);
}

/** @param {Session[]} on */
function renderNow(on) {
  show(byId("now"), on.length > 0);
  keyed(
    byId("now-list"),
    on,
    ({ id }) => id,
    ({ id }) => h("li", {}, h("a", { href: address(page.place.event, "watch", id) })),
    (item, { title }) => setText(/** @type {Element} */ (item.firstElementChild), title),
  );
}
