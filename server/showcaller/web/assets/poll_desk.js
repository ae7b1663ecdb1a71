/** The moderator's polls: of the sessions on the board; write, plan, open, close, show, delete. */

import { sessionOf, shorten } from "./agenda_model.js";
import { armButton } from "./armed_button.js";
import { byId, eachFrame, h, keyed, setAttribute, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { address } from "./place.js";
import { PollBars } from "./poll_bars.js";
import { ACTION_LABELS, actionsOf, deskOrder, planText, stateText } from "./poll_desk_model.js";
import { PollEditor } from "./poll_editor.js";
import { KINDS, barsOf, votersText } from "./poll_model.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").DeskPoll} DeskPoll
 * @typedef {import("./poll_desk_model.js").PollAction} PollAction
 * @typedef {import("./poll_editor.js").Drafted} Drafted
 * @typedef {import("./page.js").EventPage} EventPage
 */

export class PollDesk {
  #page;
  #client;
  /** @type {string[]} */
  #sessions = [];
  /** @type {Map<string, () => void>} */
  #leave = new Map();
  #render = eachFrame(() => this.#show());
  #editor = new PollEditor();
  /** @type {WeakMap<HTMLElement, PollRow>} */
  #rows = new WeakMap();
  #error = h("p", { class: "error small", role: "alert" });
  #note = h("p", { class: "small", role: "status" });
  #lists = h("div", { class: "stack" });
  #screens = h("p", { class: "small" });

  /**
   * @param {EventPage} page
   * @param {HTMLElement} container
   */
  constructor(page, container) {
    this.#page = page;
    this.#client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
    container.append(this.#error, this.#note, this.#lists, this.#screens);
    byId("main").append(this.#editor.element);
  }

  /** @param {string[]} sessions on the board */
  turnTo(sessions) {
    if (sessions.join(" ") === this.#sessions.join(" ")) return;
    for (const [session, leave] of this.#leave) {
      if (sessions.includes(session)) continue;
      leave();
      this.#client.unfollow(channelOf(session));
      this.#leave.delete(session);
    }
    for (const session of sessions) {
      if (!this.#leave.has(session)) this.#leave.set(session, this.#client.follow(channelOf(session)).on("change", this.#render));
    }
    this.#sessions = [...sessions];
    this.#render();
  }

  /** Opens the list and goes to its first button. */
  focus() {
    const box = byId("polls-box", HTMLDetailsElement);
    box.open = true;
    const first = this.#lists.querySelector("button");
    first?.focus();
    box.scrollIntoView({ block: "nearest" });
  }

  #show() {
    const all = this.#sessions.flatMap((session) => deskOrder(this.#client.follow(channelOf(session)).items));
    const open = all.filter(({ state }) => state === "open").length;
    setText(byId("polls-count"), open ? say("{open} open", { open }) : all.length ? String(all.length) : "");
    byId("polls-count").dataset.tone = open ? "live" : "";
    keyed(this.#lists, this.#sessions, (session) => session, (session) => this.#newList(session), (list, session) => this.#list(list, session));
    this.#showScreens();
  }

  /** @param {string} session */
  #newList(session) {
    const make = h("button", { class: "compact", type: "button", onclick: () => this.#write(session) }, say("New poll…"));
    return h("div", { class: "stack poll-desk" }, h("div", { class: "spread" }, h("h3", { class: "small" }), make), h("ul", { class: "plain-list stack" }));
  }

  /**
   * @param {HTMLElement} element
   * @param {string} session
   */
  #list(element, session) {
    const [head, list] = element.children;
    const title = sessionOf(this.#page.items, session)?.title ?? "";
    const [heading, make] = head?.children ?? [];
    if (!list || !heading || !make) return;
    setText(heading, shorten(title, 60));
    setAttribute(make, "aria-label", say("New poll in “{title}”", { title }));
    const channel = this.#client.follow(channelOf(session));
    const create = (/** @type {DeskPoll} */ poll) => {
      const row = new PollRow(poll, (action, of) => void this.#act(action, of), (of, word, on) => void this.#run(() => this.#client.moderate.hideWord(of.id, word, on), ""));
      this.#rows.set(row.element, row);
      return row.element;
    };
    keyed(list, deskOrder(channel.items), ({ id }) => id, create, (item, poll) => this.#rows.get(item)?.render(poll, channel.levels));
  }

  /** Where what is on air can be shown full size. */
  #showScreens() {
    const stages = new Set(this.#sessions.map((session) => sessionOf(this.#page.items, session)?.stage ?? ""));
    const link = (/** @type {string} */ stage) => h("a", { href: address(this.#page.place.event, "on-air", stage), target: "_blank" });
    keyed(this.#screens, [...stages].filter(Boolean), (stage) => stage, link, (element) => setText(element, say("On air page, for a screen or OBS")));
  }

  /**
   * @param {string} session
   * @param {DeskPoll | null} [poll]
   */
  #write(session, poll = null) {
    this.#editor.edit(poll, (drafted) => this.#save(session, poll, drafted));
  }

  /**
   * @param {string} session
   * @param {DeskPoll | null} poll
   * @param {Drafted} drafted
   */
  async #save(session, poll, { draft, plan, open }) {
    const { moderate } = this.#client;
    const id = poll ? poll.id : (await moderate.makePoll(session, draft)).poll;
    if (poll) await moderate.editPoll(id, draft);
    if (!open && JSON.stringify(plan) !== JSON.stringify(poll?.plan ?? null)) await moderate.planPoll(id, plan);
    if (open) await moderate.openPoll(id);
    this.#say(open ? say("The poll is open.") : say("Saved."));
  }

  /**
   * @param {PollAction} action
   * @param {DeskPoll} poll
   */
  async #act(action, poll) {
    const { moderate } = this.#client;
    if (action === "edit") return this.#write(poll.session, poll);
    const does = {
      open: [() => moderate.openPoll(poll.id), say("The poll is open.")],
      close: [() => moderate.closePoll(poll.id), say("The poll is closed.")],
      show: [() => moderate.showResults(poll.id, true), say("Everybody sees the results.")],
      hide: [() => moderate.showResults(poll.id, false), say("The results are hidden.")],
      delete: [() => moderate.deletePoll(poll.id), say("The poll is deleted.")],
    }[action];
    await this.#run(/** @type {() => Promise<unknown>} */ (does[0]), String(does[1]));
  }

  /**
   * @param {() => Promise<unknown>} command
   * @param {string} done
   */
  async #run(command, done) {
    try {
      await command();
      this.#say(done);
    } catch (error) {
      setText(this.#error, errorText(error));
    }
  }

  /** @param {string} text */
  #say(text) {
    setText(this.#error, "");
    setText(this.#note, text);
  }
}

/** @param {string} session */
const channelOf = (session) => `session/${session}/poll_desk`;

class PollRow {
  #poll;
  #state = h("span", { class: "pill" });
  #about = h("span", { class: "small quiet times" });
  #text = h("p", { class: "text poll-title" });
  #plan = h("p", { class: "small" });
  #bars = new PollBars();
  #words = h("ul", { class: "plain-list rows poll-words" });
  #summary = h("summary", { class: "small" });
  #results = h("details", {}, this.#summary, this.#bars.element, this.#words);
  /** @type {Record<PollAction, HTMLButtonElement>} */
  #buttons;
  #hideWord;

  /**
   * @param {DeskPoll} poll
   * @param {(action: PollAction, poll: DeskPoll) => void} act
   * @param {(poll: DeskPoll, word: string, on: boolean) => void} hideWord
   */
  constructor(poll, act, hideWord) {
    this.#poll = poll;
    this.#hideWord = hideWord;
    const actions = /** @type {PollAction[]} */ (Object.keys(ACTION_LABELS));
    const made = actions.map((action) => {
      const button = h("button", { class: `compact${action === "delete" ? " danger" : ""}`, type: "button", "data-action": action }, ACTION_LABELS[action]);
      if (action === "delete") armButton(button, say("With all its votes?"), () => act(action, this.#poll));
      else button.addEventListener("click", () => act(action, this.#poll));
      return [action, button];
    });
    this.#buttons = Object.fromEntries(made);
    const buttons = h("div", { class: "row" }, ...Object.values(this.#buttons));
    this.element = h("li", { class: "card stack poll-row", "data-poll": poll.id }, h("div", { class: "spread" }, this.#state, this.#about), this.#text, this.#plan, this.#results, buttons);
  }

  /**
   * @param {DeskPoll} poll
   * @param {ReadonlyMap<string, number>} levels
   */
  render(poll, levels) {
    this.#poll = poll;
    const { text, tone } = stateText(poll);
    setText(this.#state, text);
    this.#state.dataset.tone = tone;
    setText(this.#about, `${KINDS[poll.draft.kind]}${poll.draft.anonymous ? "" : say(", named")}`);
    setText(this.#text, poll.draft.text);
    setText(this.#plan, planText(poll.plan));
    show(this.#plan, poll.plan !== null);
    this.#showResults(poll, levels);
    const allowed = actionsOf(poll);
    for (const [action, button] of Object.entries(this.#buttons)) {
      show(button, allowed.includes(/** @type {PollAction} */ (action)));
      setAttribute(button, "aria-label", action in { open: 1, close: 1, edit: 1 } ? `${ACTION_LABELS[/** @type {PollAction} */ (action)].replace("…", "")}: ${poll.draft.text}` : null);
    }
  }

  /**
   * @param {DeskPoll} poll
   * @param {ReadonlyMap<string, number>} levels
   */
  #showResults(poll, levels) {
    const { id, draft, hidden, results } = poll;
    const shown = { id, kind: draft.kind, options: draft.options, right: draft.right };
    const cloud = draft.kind === "words";
    show(this.#results, poll.state !== "draft");
    setText(this.#summary, `${votersText(id, levels)}, ${results ? say("everybody sees the results") : say("the results are hidden")}`);
    show(this.#bars.element, !cloud);
    show(this.#words, cloud);
    if (!cloud) return this.#bars.render(shown, levels);
    const said = barsOf(shown, levels).map(({ label, text }) => ({ word: label, text, on: true }));
    const out = hidden.map((word) => ({ word, text: say("hidden"), on: false }));
    keyed(this.#words, [...said, ...out], ({ word, on }) => `${on} ${word}`, ({ word, on }) => this.#newWord(word, on), (item, { text }) => setText(item.children[1] ?? item, text));
    return undefined;
  }

  /**
   * @param {string} word
   * @param {boolean} on whether it is to be hidden
   */
  #newWord(word, on) {
    const button = h("button", { class: "compact plain", type: "button", "aria-label": on ? say("Hide {word}", { word }) : say("Put back {word}", { word }), onclick: () => this.#hideWord(this.#poll, word, on) }, on ? say("Hide") : say("Put back"));
    return h("li", {}, h("span", { class: "line text" }, word), h("span", { class: "small quiet times" }), button);
  }
}
