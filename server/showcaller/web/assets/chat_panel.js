/** The chat of one session as an attendee sees it, beside its questions; there where the schedule wants one. */

import { BADGES, closedText, messagesInOrder, slowText, unseen, unseenText } from "./chat_model.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { CHAT, lengthProblem } from "./grapheme_text.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

const NEAR_END_PX = 60; // whoever reads the newest ones is shown what comes

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("./chat_model.js").ChatMessage} ChatMessage
 * @typedef {import("/sdk/types.js").Session} Session
 */

export class ChatPanel {
  #client;
  #momentMs;
  #me;
  /** Whose chat is followed; null: none. @type {Session | null} */
  #session = null;
  #leave = () => {};
  #render = eachFrame(() => this.#show());
  #shown = false;
  #seenMs = 0;
  /** What was said from this page. @type {Set<string>} */
  #own = new Set();
  #log = byId("chat-log");
  #text = byId("chat-text", HTMLInputElement);

  /**
   * @param {ShowcallerClient} client
   * @param {() => number | null} momentMs the server time as of which it is shown; null: as it is
   */
  constructor(client, momentMs) {
    this.#client = client;
    this.#momentMs = momentMs;
    this.#me = client.follow("me");
    this.#me.on("change", this.#render);
    byId("to-questions").addEventListener("click", () => this.#turn(false));
    byId("to-chat").addEventListener("click", () => this.#turn(true));
    byId("chat-newest").addEventListener("click", () => this.#toEnd());
    this.#log.addEventListener("scroll", () => this.#atEnd && this.#seeAll());
    byId("chat-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.#say();
    });
    this.#text.addEventListener("input", () => this.#fail(""));
  }

  /** For who sees it as it was: time goes on. */
  tick() {
    if (this.#momentMs() !== null) this.#render();
  }

  /** @param {Session} session that the page shows now */
  offer(session) {
    const wanted = session.chat === true;
    const isNew = session.id !== this.#session?.id;
    if (this.#session && (isNew || !wanted)) this.#stop(this.#session);
    this.#session = wanted ? session : null;
    show(byId("beside-tabs"), wanted);
    if (!wanted) return this.#turn(false);
    if (isNew) this.#leave = this.#channel(session).on("change", this.#render);
    this.#render();
    return undefined;
  }

  /** @param {Session} session */
  #stop({ id }) {
    this.#leave();
    this.#leave = () => {};
    this.#client.unfollow(`session/${id}/chat`);
    this.#seenMs = 0;
  }

  /** @param {Session} session */
  #channel({ id }) {
    return this.#client.follow(`session/${id}/chat`);
  }

  /** @param {boolean} chat whether it is shown, in place of the questions */
  #turn(chat) {
    this.#shown = chat;
    show(byId("chat"), chat);
    show(byId("questions-side"), !chat);
    setAttribute(byId("to-chat"), "aria-pressed", String(chat));
    setAttribute(byId("to-questions"), "aria-pressed", String(!chat));
    if (chat) this.#render();
    if (chat) this.#toEnd();
  }

  #show() {
    if (!this.#session) return;
    const channel = this.#channel(this.#session);
    const messages = messagesInOrder(channel.items, this.#momentMs());
    const follows = this.#atEnd;
    keyed(byId("chat-list"), messages, ({ id }) => id, (message) => this.#line(message), (line, { id }) => this.#mark(line, id));
    show(byId("no-chat"), channel.ready && messages.length === 0);
    this.#showForm(channel.items.get("room"), this.#session);
    if (this.#shown && follows) this.#toEnd();
    this.#tellUnseen(messages);
  }

  /**
   * @param {import("/sdk/types.js").ChatRoom | undefined} room
   * @param {Session} session
   */
  #showForm(room, session) {
    const closed = closedText(room, session, this.#me.items.has("silenced"));
    show(byId("chat-form"), closed === "");
    setText(byId("chat-closed"), closed);
    show(byId("chat-closed"), closed !== "");
    setText(byId("chat-slow"), slowText(room?.slow_s ?? 0));
  }

  /** @param {ChatMessage[]} messages */
  #tellUnseen(messages) {
    if (this.#shown && this.#atEnd) this.#seeAll();
    const text = unseenText(unseen(messages, this.#seenMs, this.#own));
    setText(byId("chat-unseen"), text ? ` (${text})` : "");
    show(byId("chat-newest"), this.#shown && text !== "");
  }

  #seeAll() {
    const messages = this.#session ? messagesInOrder(this.#channel(this.#session).items, this.#momentMs()) : [];
    this.#seenMs = messages.at(-1)?.said_ms ?? this.#seenMs;
    setText(byId("chat-unseen"), "");
    show(byId("chat-newest"), false);
  }

  get #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#seeAll();
  }

  /** @param {ChatMessage} message */
  #line({ id, author, text, said_ms, badge }) {
    const remove = () => void this.#delete(id);
    const head = h(
      "p",
      { class: "row small" },
      h("b", { class: "chat-author text" }, author || say("Somebody")),
      badge && h("span", { class: "tag", "data-tone": "accent" }, BADGES[badge] ?? ""),
      h("span", { class: "quiet times" }, clockTime(said_ms)),
      h("button", { class: "compact plain", type: "button", hidden: true, "aria-label": say("Delete: {text}", { text }), onclick: remove }, say("Delete")),
    );
    return h("li", { class: "chat-line", "data-message": id }, head, h("p", { class: "text chat-said" }, text));
  }

  /**
   * @param {HTMLElement} line
   * @param {string} id
   */
  #mark(line, id) {
    const remove = line.querySelector("button");
    if (remove) show(remove, this.#own.has(id));
  }

  async #say() {
    const session = this.#session?.id;
    const text = this.#text.value;
    const problem = lengthProblem(text, CHAT);
    if (!session || problem) return this.#fail(problem);
    const send = byId("chat-send", HTMLButtonElement);
    send.disabled = true;
    try {
      const { message } = await this.#client.say(session, text);
      this.#own.add(message);
      if (this.#text.value === text) this.#text.value = "";
      this.#fail("");
      this.#show();
      this.#toEnd();
    } catch (error) {
      this.#fail(errorText(error));
    } finally {
      send.disabled = false;
    }
    return undefined;
  }

  /** @param {string} message */
  async #delete(message) {
    try {
      await this.#client.command("chat.delete", { session: this.#session?.id, message });
    } catch (error) {
      this.#fail(errorText(error));
    }
  }

  /** @param {string} problem */
  #fail(problem) {
    setText(byId("chat-error"), problem);
    setAttribute(this.#text, "aria-invalid", problem ? "true" : null);
    if (problem) this.#text.focus();
    return undefined;
  }
}
