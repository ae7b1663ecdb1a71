/** The moderator's board: review, order, push on air; open and close; announce; shut out. */

import { isOn, sessionsOf, shorten } from "./agenda_model.js";
import { AnnounceForm } from "./announce_form.js";
import { listAnnouncements } from "./announcement_list.js";
import { askText, askWhether } from "./ask_dialog.js";
import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { Lane } from "./moderation_lane.js";
import { ACTION_TEXT, OTHER_KEYS, actionFor, actionsOf, openQuestionsOf, undoSteps } from "./moderation_model.js";
import { markOffline } from "./offline_mark.js";
import { openPage } from "./page.js";
import { inBrowser, inTab } from "./remember.js";
import { SmallPicture } from "./small_picture.js";

/**
 * @typedef {import("./moderation_model.js").Action} Action
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Step} Step
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} Done something that can be taken back
 * @property {string} text
 * @property {Step[]} steps
 * @property {BoardQuestion | null} rejected that a reason may be given for
 */

const LANES = 4;
/** What takes a question out of its column. @type {Set<Action>} */
const LEAVES = new Set(["approve", "reject", "push", "pull", "answered"]);
/** What a removal can't keep somebody from. @type {Record<string, string>} */
const BAN_HOLDS = {
  until_they_register_with_a_code: "With another invite code they could come in as somebody else.",
  until_they_register_again: "Registration is open, so they could come in as somebody else.",
};
const SENDING_AFTER_MS = 400; // a reply that takes longer is waited for in words
const TICK_EVERY_MS = 10_000; // times that tell minutes
const KEYS_KEPT_AS = "showcaller:moderate:keys";

const page = await openPage({ name: "moderate", title: "Moderate", roles: ["moderator", "producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const desk = client.follow("desk");
const keptAs = `showcaller:moderate:${page.place.event}`;
const render = eachFrame(renderAll);
const picture = new SmallPicture(page);
const words = byId("words", HTMLInputElement);
/** @type {Lane[]} */
let lanes = [];
/** The question that keys are about. */
let chosen = "";
/** @type {Done[]} */
const done = [];
/** @type {import("./moderation_card.js").CardContext} */
let context = { banned: new Set(), self: "", now: () => page.serverNow() };

words.addEventListener("input", render);
byId("add-session").addEventListener("change", () => addLane(byId("add-session", HTMLSelectElement).value));
byId("undo").addEventListener("click", () => void undo());
byId("add-reason").addEventListener("click", () => void addReason());
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
    act: (action, question) => void act(action, question),
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
 * The sessions that were kept, else what is on.
 *
 * @param {Session[]} sessions
 */
function openFirst(sessions) {
  const kept = (inTab.get(keptAs) ?? "").split(" ").filter((id) => sessions.some((session) => session.id === id));
  if (kept.length) return kept.forEach(addLane);
  const first = sessions.find(isOn) ?? sessions.find(({ qa }) => qa === "open") ?? sessions[0];
  if (first) addLane(first.id);
}

// Commands ------------------------------------------------------------------------------------------

/**
 * @param {Action} action
 * @param {BoardQuestion} question
 */
async function act(action, question) {
  const { id, person } = question;
  const onAir = lanes.find(({ session }) => session === question.session)?.board.on_air[0]?.id;
  const { moderate } = client;
  if (action === "rejectWith") {
    const text = await askText("reject", {
      title: "Reject with a reason",
      label: "Reason, which the author sees",
      button: "Reject",
      value: question.reason ?? "",
      about: question.text,
    });
    if (text !== null) await run(() => moderate.reject(id, text), action, question, onAir);
  } else if (action === "reply") {
    const text = await askText("reply", {
      title: "Reply in writing",
      label: "Reply, which everybody sees (empty removes it)",
      button: "Save",
      value: question.reply ?? "",
      about: question.text,
    });
    if (text !== null) await run(() => moderate.reply(id, text), action, question, onAir);
  } else if (action === "erase") {
    const text = "Its text is removed from everybody’s page and from the event’s records. This can’t be undone.";
    const meant = await askWhether("erase", { title: "Erase this question?", text, about: question.text, button: "Erase it" });
    if (meant) await run(() => moderate.erase(id), action, question, onAir);
  } else if (action === "ban") {
    await removeAuthor(question);
  } else if (action === "unban") {
    await run(() => moderate.unban(person), action, question, onAir);
  } else {
    await run(() => moderate[action](id), action, question, onAir);
  }
}

/** @param {BoardQuestion} question */
async function removeAuthor(question) {
  const { author, person } = question;
  const asked = openQuestionsOf(lanes.flatMap(({ board }) => [...board.pending, ...board.approved]), person);
  const also = h("input", { type: "checkbox" });
  const meant = await askWhether("remove", {
    title: `Remove ${author || "the author"} from the event?`,
    about: question.text,
    text: "They are sent out at once, and stay out until you let them back in.",
    button: "Remove",
    more: h("label", { class: "check" }, also, asked.length === 1 ? "Also reject this question" : `Also reject their ${asked.length} open questions`),
  });
  if (!meant) return;
  const rejects = also.checked ? asked : [];
  await run(
    async () => {
      const { holds } = await client.moderate.ban(person);
      for (const { id } of rejects) await client.moderate.reject(id);
      return BAN_HOLDS[holds];
    },
    "ban",
    question,
    undefined,
    rejects.flatMap((one) => undoSteps("reject", /** @type {BoardQuestion} */ (one), undefined)),
  );
}

/**
 * Runs a command, says how it went, and remembers what takes it back.
 *
 * @param {() => Promise<unknown>} command what it returns as a text is said too
 * @param {Action} action
 * @param {BoardQuestion} question as it is before
 * @param {string | undefined} onAir what is on air before
 * @param {Step[]} [further] that takes back what else it does
 */
async function run(command, action, question, onAir, further = []) {
  const sending = setTimeout(() => setText(byId("did"), "Sending…"), SENDING_AFTER_MS);
  try {
    const answer = await command();
    const about = action === "ban" || action === "unban" ? `: ${question.author}` : ` “${shorten(question.text, 60)}”`;
    const rejected = action === "reject" ? question : null;
    const steps = [...undoSteps(action, question, onAir), ...further];
    const more = typeof answer === "string" ? ` ${answer}` : "";
    done.push({ text: `${ACTION_TEXT[action].done}${about}.${more}`, steps, rejected });
    say(done.at(-1)?.text ?? "");
  } catch (error) {
    setText(byId("did"), "");
    setText(byId("error"), errorText(error));
  } finally {
    clearTimeout(sending);
  }
}

/** @param {string} text what was done */
function say(text) {
  setText(byId("error"), "");
  setText(byId("did"), text);
  const last = done.at(-1);
  byId("undo", HTMLButtonElement).disabled = !last?.steps.length;
  show(byId("add-reason"), Boolean(last?.rejected) && text === last?.text);
}

async function undo() {
  const last = done.at(-1);
  if (!last?.steps.length) return;
  done.pop();
  try {
    for (const { name, id, text = "" } of last.steps) {
      if (name === "reject" || name === "reply") await client.moderate[name](id, text);
      else await client.moderate[name](id);
    }
    say(`Taken back: ${last.text}`);
  } catch (error) {
    say("");
    setText(byId("error"), errorText(error));
  }
}

/** To the question that was rejected just now. */
async function addReason() {
  const rejected = done.at(-1)?.rejected;
  if (rejected) await act("rejectWith", rejected);
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
  const side = { h: -1, l: 1, ...(onCard ? { ArrowLeft: -1, ArrowRight: 1 } : {}) }[key.length === 1 ? key.toLowerCase() : key];
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
  } else if (key.toLowerCase() === "z") void undo();
  else return false;
  return true;
}

/** @param {string} key */
function actByKey(key) {
  const question = lanes.flatMap(({ board }) => Object.values(board).flat()).find(({ id }) => id === chosen);
  const action = question && actionFor(key, actionsOf(question, context.banned, context.self));
  if (!action) return false;
  if (LEAVES.has(action)) goOnFrom(chosen);
  void act(action, question);
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
  const actions = Object.entries(ACTION_TEXT).filter(([action]) => action !== "unban");
  /** @type {[string, string][]} */
  const lines = [...OTHER_KEYS, ...actions.map(([, { key, label }]) => /** @type {[string, string]} */ ([key, label.replace("…", "")]))];
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
  const banned = new Set([...desk.items].filter(([key]) => key.startsWith("banned:")).map(([, { person }]) => person));
  const same = self === context.self && banned.size === context.banned.size && [...banned].every((one) => context.banned.has(one));
  if (!same) context = { ...context, self, banned };
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
    (option, one) => setText(option, one ? (isOn(one) ? "● " : "") + shorten(one.title, 70) : "Add a session…"),
  );
  show(select, others.length > 0 && lanes.length < LANES);
}

function renderBanned() {
  const banned = [...desk.items].filter(([key]) => key.startsWith("banned:")).map(([, one]) => one);
  setText(byId("banned-count"), String(banned.length));
  show(byId("banned-box"), banned.length > 0);
  keyed(
    byId("banned"),
    banned,
    ({ person }) => person,
    ({ person, name }) =>
      h("li", {}, h("span", { class: "line text" }, name || person), h("button", { class: "compact", type: "button", onclick: () => void letIn(person) }, "Let back in")),
  );
}

/** @param {string} person */
async function letIn(person) {
  try {
    await client.moderate.unban(person);
    setText(byId("error"), "");
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}
