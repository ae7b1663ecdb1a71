/** The moderator's board: review, order, push on air; open and close; announce; shut out. */

import { isOn, sessionsOf, shorten } from "./agenda_model.js";
import { nowSession } from "./agenda_view_model.js";
import { AnnounceForm } from "./announce_form.js";
import { listAnnouncements } from "./announcement_list.js";
import { ChatDesk } from "./chat_desk.js";
import { Claims } from "./claims.js";
import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { ModerationActions, canAbsorb } from "./moderation_actions.js";
import { Lane } from "./moderation_lane.js";
import { ACTION_TEXT, OTHER_KEYS, actionFor, actionsOf, isOpposite } from "./moderation_model.js";
import { markOffline } from "./offline_mark.js";
import { openPage } from "./page.js";
import { inBrowser, inTab } from "./remember.js";
import { PollDesk } from "./poll_desk.js";
import { SimilarTexts } from "./similar_model.js";
import { SmallPicture } from "./small_picture.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./moderation_model.js").Action} Action
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("/sdk/types.js").Session} Session
 */

const LANES = 4;
/** What takes a question out of its column. @type {Set<Action>} */
const LEAVES = new Set(["approve", "reject", "push", "pull", "answered"]);
const TICK_EVERY_MS = 10_000; // times that tell minutes
const KEYS_KEPT_AS = "showcaller:moderate:keys";

const page = await openPage({ name: "moderate", title: say("Moderate"), roles: ["moderator", "producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const desk = client.follow("desk");
const keptAs = `showcaller:moderate:${page.place.event}`;
const render = eachFrame(renderAll);
const picture = new SmallPicture(page);
const polls = new PollDesk(page, byId("poll-desk"));
const chats = new ChatDesk(page, byId("chat-desk"));
const words = byId("words", HTMLInputElement);
/** @type {Lane[]} */
let lanes = [];
/** The question that keys are about. */
let chosen = "";
/** @type {import("./moderation_card.js").CardContext} */
let context = {
  banned: new Set(),
  silenced: new Set(),
  self: "",
  now: () => page.serverNow(),
  similar: similarTo,
  mergeInto: (question, into) => void actions.mergeInto(question, into),
  takeOut: (merged) => void actions.takeOut(merged),
};
const texts = new SimilarTexts();
const actions = new ModerationActions(client, new Claims(client, page.place), {
  onAir: (session) => lanes.find((lane) => lane.session === session)?.board.on_air[0]?.id,
  questions: questionsShown,
  similar: similarTo,
});

words.addEventListener("input", render);
byId("add-session").addEventListener("change", () => addLane(byId("add-session", HTMLSelectElement).value));
byId("main").addEventListener("focusin", focused);
byId("main").addEventListener("click", clicked);
document.addEventListener("keydown", pressed);
new AnnounceForm(page, byId("announce"));
markOffline(client);
listAnnouncements(page, desk);
listKeys();
desk.on("change", render);
client.on("welcome", render);
page.onChange(render);
page.onTick(() => picture.tick());
setInterval(() => lanes.forEach((lane) => lane.tick()), TICK_EVERY_MS);

// Sessions ------------------------------------------------------------------------------------------

/** @param {string} session */
function addLane(session) {
  byId("add-session", HTMLSelectElement).value = "";
  if (!session || lanes.length >= LANES) return;
  const taken = new Set(lanes.map(({ place }) => place));
  const place = [...Array(LANES).keys()].find((one) => !taken.has(one)) ?? 0;
  const lane = new Lane(place, {
    client,
    act: (action, question) => void actions.act(action, question),
    onTurn: (turned, to) => turnTo(turned, to),
    onClose: closeLane,
    onToggle: (toggled) => void toggleQuestions(toggled),
    onChange: render,
  });
  lanes.push(lane);
  turnTo(lane, session);
}

/**
 * @param {Lane} lane
 * @param {string} session
 */
function turnTo(lane, session) {
  lane.turnTo(session);
  keepSessions();
  render();
}

/** @param {Lane} lane */
function closeLane(lane) {
  lane.stop();
  lanes = lanes.filter((one) => one !== lane);
  keepSessions();
  render();
  byId("add-session").focus();
}

function keepSessions() {
  inTab.set(keptAs, lanes.map(({ session }) => session).join(" "));
}

/**
 * The sessions that were kept, else what is on or takes questions, else what comes next.
 *
 * @param {Session[]} sessions
 */
function openFirst(sessions) {
  const kept = (inTab.get(keptAs) ?? "").split(" ").filter((id) => sessions.some((session) => session.id === id));
  if (kept.length) return kept.forEach(addLane);
  const first = sessions.find(isOn) ?? sessions.find(({ qa }) => qa === "open") ?? nowSession(sessions);
  if (first) addLane(first.id);
}

// What others see of the board ------------------------------------------------------------------------

/** All questions that the board shows, but on air. @returns {BoardQuestion[]} */
function questionsShown() {
  return lanes.flatMap(({ board }) => [...board.pending, ...board.approved, ...board.answered]);
}

/**
 * Those that say nearly the same, in the same session.
 *
 * @param {BoardQuestion} question
 */
function similarTo(question) {
  const others = lanes.flatMap(({ board }) => [...board.pending, ...board.approved, ...board.on_air, ...board.answered]);
  return texts.like(question.text, others.filter((one) => canAbsorb(one, question)));
}

/** @param {Lane} lane */
async function toggleQuestions(lane) {
  const { session } = lane;
  const open = lane.isOpen(page.items);
  try {
    await (open ? client.moderate.closeQuestions(session) : client.moderate.openQuestions(session));
    setText(byId("error"), "");
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}

// The chosen question, and keys ---------------------------------------------------------------------

/** All cards that can be seen, in their order. @returns {HTMLElement[]} */
function cards() {
  return /** @type {HTMLElement[]} */ ([...byId("main").querySelectorAll(".q")]).filter((card) => card.checkVisibility());
}

/**
 * @param {string} question
 * @param {boolean} [focus]
 */
function choose(question, focus = false) {
  chosen = question;
  renderChosen();
  const card = cardOf(question);
  if (!focus || !card) return;
  card.element.focus({ preventScroll: true });
  card.element.scrollIntoView({ block: "nearest" });
}

/** @param {string} question */
function cardOf(question) {
  for (const lane of lanes) {
    const card = lane.card(question);
    if (card) return card;
  }
  return undefined;
}

/** By keyboard: what has the focus is meant. With a pointer a click says so, lest a button moves below it. @param {FocusEvent} event */
function focused(event) {
  const card = event.target instanceof Element ? event.target.closest(".q") : null;
  if (card instanceof HTMLElement && event.target instanceof Element && event.target.matches(":focus-visible")) choose(card.dataset.question ?? "");
}

/** @param {MouseEvent} event */
function clicked(event) {
  const target = event.target instanceof Element ? event.target : null;
  const card = target?.closest(".q");
  if (card instanceof HTMLElement && !target?.closest("button")) choose(card.dataset.question ?? "");
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (target instanceof Element && target.matches("input:not([type='checkbox']), textarea, select")) {
    if (key === "Escape" && target === words) choose(chosen, true);
    return;
  }
  const handled = move(key) || (keysOn() && (typed(key) || actByKey(key)));
  if (handled) event.preventDefault();
}

/** @param {string} key */
function move(key) {
  const all = cards();
  const here = all.findIndex((card) => card.dataset.question === chosen);
  const onCard = document.activeElement?.closest(".q") !== null;
  const by = { j: 1, k: -1, ...(onCard ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[key.length === 1 ? key.toLowerCase() : key];
  if (by !== undefined && (onCard || keysOn())) {
    const next = all[here < 0 ? 0 : here + (onCard || by < 0 ? by : 0)] ?? all[here];
    if (next) choose(next.dataset.question ?? "", true);
    return true;
  }
  const [left, right] = [-towardEnd(), towardEnd()];
  const side = { h: left, l: right, ...(onCard ? { ArrowLeft: left, ArrowRight: right } : {}) }[key.length === 1 ? key.toLowerCase() : key];
  if (side === undefined || !(onCard || keysOn())) return false;
  const columns = [...new Set(all.map((card) => card.parentElement))];
  const column = columns[columns.indexOf(all[here]?.parentElement ?? null) + side];
  const first = column?.querySelector(".q");
  if (first instanceof HTMLElement) choose(first.dataset.question ?? "", true);
  return true;
}

/** @param {string} key that is about no question */
function typed(key) {
  if (key === "/") {
    words.focus();
    words.select();
  } else if (key === "?") {
    const box = byId("keys-box", HTMLDetailsElement);
    box.open = !box.open;
    if (box.open) box.scrollIntoView({ block: "nearest" });
  } else if (key.toLowerCase() === "z") void actions.undo();
  else if (key.toLowerCase() === "v") polls.focus();
  else return false;
  return true;
}

/** @param {string} key */
function actByKey(key) {
  const question = lanes.flatMap(({ board }) => Object.values(board).flat()).find(({ id }) => id === chosen);
  const action = question && actionFor(key, actionsOf(question, context.banned, context.self, { silenced: context.silenced, nowMs: context.now() }));
  if (!action) return false;
  if (LEAVES.has(action)) goOnFrom(chosen);
  void actions.act(action, question);
  return true;
}

/** To the next one in the same column: the keys of whoever is quick must not mean the same one twice. @param {string} question */
function goOnFrom(question) {
  const card = cardOf(question)?.element;
  const next = card?.nextElementSibling ?? card?.previousElementSibling;
  if (next instanceof HTMLElement) choose(next.dataset.question ?? "", card?.contains(document.activeElement));
}

function keysOn() {
  return byId("keys-on", HTMLInputElement).checked;
}

function listKeys() {
  const toggle = byId("keys-on", HTMLInputElement);
  toggle.checked = inBrowser.get(KEYS_KEPT_AS) !== "no";
  toggle.addEventListener("change", () => inBrowser.set(KEYS_KEPT_AS, toggle.checked ? "yes" : "no"));
  const offered = Object.entries(ACTION_TEXT).filter(([action]) => !isOpposite(/** @type {Action} */ (action)));
  /** @type {[string, string][]} */
  const lines = [...OTHER_KEYS, ...offered.map(([, { key, label }]) => /** @type {[string, string]} */ ([key, label.replace("…", "")]))];
  byId("keys").append(
    ...lines.flatMap(([keys, meaning]) => [h("dt", {}, ...keys.split(", ").map((key) => h("kbd", {}, key))), h("dd", {}, meaning)]),
  );
}

// Rendering -----------------------------------------------------------------------------------------

function renderAll() {
  if (page.items.size === 0 || !client.welcome) return;
  const sessions = sessionsOf(page.items).filter(({ kind }) => kind !== "break");
  if (lanes.length === 0) openFirst(sessions);
  renderContext();
  const before = chosenPlace();
  keyed(byId("lanes"), lanes, ({ place }) => String(place), ({ element }) => element);
  keyed(byId("airs"), lanes, ({ place }) => String(place), ({ air }) => air);
  byId("lanes").dataset.count = String(lanes.length);
  for (const lane of lanes) lane.render(page.items, sessions, { words: words.value, alone: lanes.length === 1, context });
  polls.turnTo(lanes.map(({ session }) => session));
  chats.turnTo(lanes.map(({ session }) => session));
  renderAdding(sessions);
  renderBanned();
  keepChosen(before);
  const shown = lanes.find(({ session }) => sessions.some((one) => one.id === session && isOn(one))) ?? lanes[0];
  if (shown) picture.render(shown.session);
  if (lanes.length > 0 && lanes.every(({ ready }) => ready)) page.reveal();
}

/** Who is shut out, and who looks. */
function renderContext() {
  const self = client.welcome?.person ?? "";
  const banned = personsOf("banned:");
  const silenced = personsOf("silenced:");
  const same = self === context.self && isSame(banned, context.banned) && isSame(silenced, context.silenced);
  if (!same) context = { ...context, self, banned, silenced };
}

/** @param {string} prefix @returns {ReadonlySet<string>} */
function personsOf(prefix) {
  return new Set([...desk.items].filter(([key]) => key.startsWith(prefix)).map(([, { person }]) => person));
}

/**
 * @param {ReadonlySet<string>} a
 * @param {ReadonlySet<string>} b
 */
function isSame(a, b) {
  return a.size === b.size && [...a].every((one) => b.has(one));
}

/** Where the chosen question stands: whose card goes elsewhere goes on with the next one there. */
function chosenPlace() {
  const card = cardOf(chosen)?.element;
  const column = card?.parentElement ?? null;
  return { column, place: column && card ? [...column.children].indexOf(card) : 0, focused: card?.contains(document.activeElement) ?? false };
}

/** @param {{column: Element | null, place: number, focused: boolean}} before */
function keepChosen({ column, place, focused: hadFocus }) {
  const card = cardOf(chosen)?.element;
  if (card && (card.parentElement === column || column === null)) return renderChosen();
  const next = column?.children[Math.min(place, column.children.length - 1)] ?? (chosen ? null : cards()[0]);
  if (next instanceof HTMLElement) choose(next.dataset.question ?? "", hadFocus);
  else chosen = cards()[0]?.dataset.question ?? "";
  return renderChosen();
}

/** The card that is marked as chosen. @type {import("./moderation_card.js").ModerationCard | undefined} */
let marked;

function renderChosen() {
  const card = cardOf(chosen);
  if (marked !== card) marked?.choose(false);
  card?.choose(true);
  marked = card;
}

/** @param {Session[]} sessions */
function renderAdding(sessions) {
  const shown = new Set(lanes.map(({ session }) => session));
  const others = sessions.filter(({ id }) => !shown.has(id));
  const select = byId("add-session", HTMLSelectElement);
  keyed(
    select,
    [null, ...others],
    (one) => one?.id ?? "",
    (one) => h("option", { value: one?.id ?? "" }),
    (option, one) => setText(option, one ? shorten(one.title, 70) + (isOn(one) ? say(" (live)") : "") : say("Add a session…")),
  );
  show(select, others.length > 0 && lanes.length < LANES);
}

/** Who is shut out or silenced, why, and until when. */
function renderBanned() {
  const terms = [...desk.items].filter(([key]) => key.startsWith("banned:") || key.startsWith("silenced:"));
  setText(byId("banned-count"), String(terms.length));
  show(byId("banned-box"), terms.length > 0);
  keyed(byId("banned"), terms, ([key]) => key, newTerm, (row, [key, term]) => {
    const [line] = row.children;
    if (line) setText(line, termText(key, term));
  });
}

/** @param {[string, any]} entry of the desk */
function newTerm([key, { person }]) {
  const banned = key.startsWith("banned:");
  const undo = () => void lift(() => (banned ? client.moderate.unban(person) : client.moderate.unsilence(person)));
  return h("li", {}, h("span", { class: "line text" }), h("button", { class: "compact", type: "button", onclick: undo }, banned ? say("Let back in") : say("Let speak again")));
}

/**
 * @param {string} key
 * @param {import("/sdk/types.js").BannedPerson} term
 */
function termText(key, { name, person, reason, until_ms }) {
  const what = key.startsWith("banned:") ? say("removed") : say("silenced");
  const until = until_ms ? say(" until {time}", { time: clockTime(until_ms) }) : "";
  return `${name || person}, ${what}${until}${reason ? `: ${reason}` : ""}`;
}

/** @param {() => Promise<unknown>} command */
async function lift(command) {
  try {
    await command();
    setText(byId("error"), "");
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}

/** Where the next column is: to the right, in Arabic to the left. */
function towardEnd() {
  return document.documentElement.dir === "rtl" ? -1 : 1;
}
