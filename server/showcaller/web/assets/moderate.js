/** The moderator's board: review, order, push on air; open and close; announce. */

import { isOn, sessionOf, sessionsOf, shorten, statusOf } from "./agenda_model.js";
import { AnnounceForm } from "./announce_form.js";
import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { ACTION_TEXT, COLUMNS, actionFor, boardOf } from "./moderation_model.js";
import { moderationCard, updateCard } from "./moderation_card.js";
import { openPage } from "./page.js";
import { inTab } from "./remember.js";
import { field } from "./sign_in.js";

/**
 * @typedef {import("./moderation_model.js").Action} Action
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 */

const page = await openPage({ name: "moderate", title: "Moderate", roles: ["moderator", "producer"] });
const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
const select = byId("session", HTMLSelectElement);
const chosenKey = `showcaller:moderate:${page.place.event}`;
let session = "";
let leaveChannel = () => {};
const render = eachFrame(renderAll);

select.addEventListener("change", () => {
  inTab.set(chosenKey, select.value);
  turnTo(select.value);
});
byId("qa-toggle").addEventListener("click", () => void toggleQuestions());
byId("board").addEventListener("keydown", pressed);
new AnnounceForm(page, byId("announce"));
listKeys();
client.on("welcome", render);
page.onChange(render);

/** @param {string} id */
function turnTo(id) {
  if (id === session) return;
  leaveChannel();
  if (session) client.unfollow(`session/${session}/moderation`);
  session = id;
  const channel = client.follow(`session/${id}/moderation`);
  leaveChannel = channel.on("change", render);
  select.value = id;
  render();
}

// Commands ------------------------------------------------------------------------------------------

/**
 * @param {Action} action
 * @param {BoardQuestion} question
 */
async function act(action, question) {
  const { id } = question;
  const { moderate } = client;
  setText(byId("error"), "");
  try {
    if (action === "reject") {
      const reason = await askText("reject", "Reject this question", "Reason (its author sees it; may be empty)", "Reject", "", question.text);
      if (reason !== null) await moderate.reject(id, reason);
    } else if (action === "reply") {
      const text = await askText("reply", "Reply in writing", "Reply (empty removes it)", "Save", question.reply ?? "", question.text);
      if (text !== null) await moderate.reply(id, text);
    } else {
      await moderate[action](id);
    }
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}

async function toggleQuestions() {
  const open = sessionOf(page.items, session)?.qa === "open";
  try {
    await (open ? client.moderate.closeQuestions(session) : client.moderate.openQuestions(session));
    setText(byId("error"), "");
  } catch (error) {
    setText(byId("error"), errorText(error));
  }
}

/**
 * Asks for a text in a dialog; null if it was cancelled.
 *
 * @param {"reject" | "reply"} id of the dialog
 * @param {string} title
 * @param {string} label
 * @param {string} button
 * @param {string} value
 * @param {string} question
 * @returns {Promise<string | null>}
 */
function askText(id, title, label, button, value, question) {
  const dialog = byId(id, HTMLDialogElement);
  const input = h("textarea", { id: `${id}-text`, rows: "3" });
  input.value = value;
  input.addEventListener("keydown", (typed) => {
    if (typed.key === "Enter" && (typed.ctrlKey || typed.metaKey)) dialog.close("yes");
  });
  dialog.returnValue = "";
  dialog.replaceChildren(
    h(
      "form",
      { method: "dialog", class: "stack" },
      h("h2", { id: `${id}-title` }, title),
      h("blockquote", { class: "text quiet" }, question),
      field(`${id}-text`, label, input),
      h("div", { class: "row" }, h("button", { class: "primary", value: "yes" }, button), h("button", { value: "" }, "Cancel")),
    ),
  );
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? input.value.trim() : null), { once: true });
  });
}

// Keyboard ------------------------------------------------------------------------------------------

/** @param {KeyboardEvent} event */
function pressed(event) {
  const card = event.target;
  if (!(card instanceof HTMLElement) || !card.matches(".q") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "ArrowDown") return moveFocus(event, card, 1);
  if (event.key === "k" || event.key === "ArrowUp") return moveFocus(event, card, -1);
  const action = actionFor(event.key, card.dataset.state ?? "");
  const question = questionsById().get(card.dataset.question ?? "");
  if (!action || !question) return;
  event.preventDefault();
  moveFocus(event, card, 1);
  void act(action, question);
}

/**
 * @param {Event} event
 * @param {HTMLElement} card
 * @param {number} step
 */
function moveFocus(event, card, step) {
  event.preventDefault();
  const cards = /** @type {HTMLElement[]} */ ([...byId("board").querySelectorAll(".q")]).filter((one) => one.offsetParent);
  const next = cards[cards.indexOf(card) + step];
  next?.focus();
}

function listKeys() {
  const lines = [
    ["j, k", "Next, previous question"],
    ...Object.values(ACTION_TEXT).map(({ key, label }) => [key, label]),
  ];
  byId("keys").append(
    ...lines.flatMap(([keys = "", meaning]) => [
      h("dt", {}, ...keys.split(", ").map((key) => h("kbd", {}, key))),
      h("dd", {}, meaning),
    ]),
  );
}

// Rendering -----------------------------------------------------------------------------------------

/** @returns {Map<string, BoardQuestion>} */
function questionsById() {
  return new Map(Object.values(board()).flat().map((question) => [question.id, question]));
}

function board() {
  const channel = client.follow(`session/${session}/moderation`);
  return boardOf(channel.items.values(), channel.levels);
}

function renderAll() {
  if (page.items.size === 0 || !client.welcome) return;
  renderSessions();
  const now = sessionOf(page.items, session);
  if (!now) return;
  const { text, tone } = statusOf(now, page.items);
  setText(byId("state"), text || "Upcoming");
  byId("state").dataset.tone = tone;
  renderOpen(now);
  renderBoard();
  if (client.follow(`session/${session}/moderation`).ready) page.reveal();
}

function renderSessions() {
  const sessions = sessionsOf(page.items).filter(({ kind }) => kind !== "break");
  keyed(
    select,
    sessions,
    ({ id }) => id,
    ({ id }) => h("option", { value: id }),
    (option, one) => setText(option, (isOn(one) ? "● " : "") + shorten(one.title, 70)),
  );
  if (session) return;
  const remembered = sessions.find(({ id }) => id === inTab.get(chosenKey));
  const first = remembered ?? sessions.find(isOn) ?? sessions.find(({ qa }) => qa === "open") ?? sessions[0];
  if (first) turnTo(first.id);
}

/** @param {import("/sdk/types.js").Session} now */
function renderOpen({ qa, pre_moderated }) {
  const open = qa === "open";
  const review = pre_moderated ? "reviewed first" : "public at once";
  setText(byId("qa-state"), qa === "off" ? "No questions in this session" : open ? `Questions open, ${review}` : "Questions closed");
  byId("qa-state").dataset.tone = open ? "ok" : "";
  show(byId("qa-toggle"), qa !== "off");
  setText(byId("qa-toggle"), open ? "Close questions" : "Open questions");
}

function renderBoard() {
  const focused = document.activeElement?.closest(".q");
  const column = focused?.parentElement ?? null;
  const place = column && focused ? [...column.children].indexOf(focused) : 0;
  fillColumns();
  // Whose card went to another column goes on with the next one there.
  if (focused && column && !focused.isConnected && document.activeElement === document.body) {
    const next = column.children[Math.min(place, column.children.length - 1)];
    if (next instanceof HTMLElement) next.focus();
  }
}

function fillColumns() {
  for (const [column, questions] of Object.entries(board())) {
    setText(byId(`${column}-count`), String(questions.length));
    keyed(
      byId(column),
      questions,
      // The buttons differ by state: a card that changes it is made anew.
      ({ id, state }) => `${id}:${state}`,
      (question) => moderationCard(question, (action) => void act(action, questionsById().get(question.id) ?? question)),
      updateCard,
    );
    byId(column).dataset.empty = COLUMN_EMPTY[column] ?? "";
  }
}

/** @type {Record<string, string>} */
const COLUMN_EMPTY = Object.fromEntries(
  COLUMNS.map((column) => [column, column === "pending" ? "Nothing to review." : column === "on_air" ? "Nothing on air." : "None yet."]),
);
