/** The moderator's chats: of the sessions on the board; delete, slow down, silence, open and close. */

import { sessionOf, shorten } from "./agenda_model.js";
import { armButton } from "./armed_button.js";
import { BADGES, SLOW_CHOICES, lengthText, messagesInOrder } from "./chat_model.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

const SHOWN = 100; // the newest
const SILENCE_MIN = 10;

/**
 * @typedef {import("./chat_model.js").ChatMessage} ChatMessage
 * @typedef {import("./page.js").EventPage} EventPage
 */

export class ChatDesk {
  #page;
  #client;
  /** Those with a chat. @type {string[]} */
  #sessions = [];
  /** @type {Map<string, () => void>} */
  #leave = new Map();
  #render = eachFrame(() => this.#show());
  /** @type {WeakMap<HTMLElement, Room>} */
  #rooms = new WeakMap();
  #error = h("p", { class: "error small", role: "alert" });
  #lists = h("div", { class: "stack" });

  /**
   * @param {EventPage} page
   * @param {HTMLElement} container
   */
  constructor(page, container) {
    this.#page = page;
    this.#client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
    container.append(this.#error, this.#lists);
  }

  /** @param {string[]} sessions on the board */
  turnTo(sessions) {
    const wanted = sessions.filter((session) => sessionOf(this.#page.items, session)?.chat === true);
    for (const [session, leave] of this.#leave) {
      if (wanted.includes(session)) continue;
      leave();
      this.#client.unfollow(channelOf(session));
      this.#leave.delete(session);
    }
    for (const session of wanted) {
      if (!this.#leave.has(session)) this.#leave.set(session, this.#client.follow(channelOf(session)).on("change", this.#render));
    }
    this.#sessions = wanted;
    show(byId("chat-box"), wanted.length > 0);
    this.#render();
  }

  #show() {
    const count = this.#sessions.reduce((sum, session) => sum + messagesInOrder(this.#items(session)).length, 0);
    setText(byId("chat-count"), count ? String(count) : "");
    const create = (/** @type {string} */ session) => {
      const room = new Room(session, (command) => void this.#run(command), this.#client);
      this.#rooms.set(room.element, room);
      return room.element;
    };
    keyed(this.#lists, this.#sessions, (session) => session, create, (element, session) => {
      this.#rooms.get(element)?.render(sessionOf(this.#page.items, session)?.title ?? "", this.#items(session));
    });
  }

  /** @param {string} session */
  #items(session) {
    return this.#client.follow(channelOf(session)).items;
  }

  /** @param {() => Promise<unknown>} command */
  async #run(command) {
    try {
      await command();
      setText(this.#error, "");
    } catch (error) {
      setText(this.#error, errorText(error));
    }
  }
}

class Room {
  #session;
  #run;
  #client;
  #open = false;
  #title = h("h3", { class: "small" });
  #toggle = h("button", { class: "compact", type: "button" });
  #slow = h("select", { class: "small", "aria-label": say("Slow mode") }, ...SLOW_CHOICES.map((seconds) => h("option", { value: seconds }, seconds ? say("One every {length}", { length: lengthText(seconds) }) : say("No slow mode"))));
  #list = h("ol", { class: "plain-list chat-list", tabindex: "0" });
  #empty = h("p", { class: "small quiet" }, say("Nobody has written yet."));

  /**
   * @param {string} session
   * @param {(command: () => Promise<unknown>) => void} run
   * @param {import("/sdk/index.js").ShowcallerClient} client
   */
  constructor(session, run, client) {
    this.#session = session;
    this.#run = run;
    this.#client = client;
    this.#toggle.addEventListener("click", () => run(() => client.moderate.switchChat(session, !this.#open)));
    this.#slow.addEventListener("change", () => run(() => client.moderate.slowChat(session, Number(this.#slow.value))));
    this.element = h("div", { class: "stack chat-room", "data-session": session }, this.#title, h("div", { class: "row" }, this.#toggle, this.#slow), this.#list, this.#empty);
  }

  /**
   * @param {string} title
   * @param {ReadonlyMap<string, any>} items
   */
  render(title, items) {
    const room = /** @type {import("/sdk/types.js").ChatRoom | undefined} */ (items.get("room"));
    const messages = messagesInOrder(items).slice(-SHOWN).reverse();
    setText(this.#title, shorten(title, 60));
    setAttribute(this.#list, "aria-label", say("Chat of “{title}”, the newest first", { title }));
    this.#open = room?.open === true;
    setText(this.#toggle, this.#open ? say("Close the chat") : say("Open the chat"));
    if (document.activeElement !== this.#slow) this.#slow.value = String(room?.slow_s ?? 0);
    keyed(this.#list, messages, ({ id }) => id, (message) => this.#line(message));
    show(this.#empty, messages.length === 0);
  }

  /** @param {ChatMessage} message */
  #line({ id, author, person, text, said_ms, badge }) {
    const { moderate } = this.#client;
    const name = author || say("Somebody");
    const remove = () => this.#run(() => moderate.deleteMessage(this.#session, id));
    const all = armed(say("All of theirs"), say("Delete all they wrote?"), () => this.#run(() => moderate.deleteMessage(this.#session, id, { all_of_author: true })));
    const silence = armed(say("Silence"), say("For {silence_min} min?", { silence_min: SILENCE_MIN }), () => this.#run(() => moderate.silence(person ?? "", { minutes: SILENCE_MIN })));
    return h(
      "li",
      { class: "chat-line", "data-message": id },
      h("p", { class: "row small" }, h("b", { class: "chat-author text" }, name), badge && h("span", { class: "tag" }, BADGES[badge] ?? ""), h("span", { class: "quiet times" }, clockTime(said_ms))),
      h("p", { class: "text chat-said" }, text),
      h(
        "div",
        { class: "row chat-actions", role: "group", "aria-label": say("Message of {name}", { name }) },
        h("button", { class: "compact", type: "button", onclick: remove }, say("Delete")),
        all,
        silence,
      ),
    );
  }
}

/**
 * @param {string} label
 * @param {string} question
 * @param {() => void} act
 */
function armed(label, question, act) {
  const button = h("button", { class: "compact plain", type: "button" }, label);
  armButton(button, question, act);
  return button;
}

/** @param {string} session */
const channelOf = (session) => `session/${session}/chat_desk`;
