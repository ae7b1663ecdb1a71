/** Polls of one session as an attendee sees them: vote, change the vote, and how people voted. */

import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { PollBars } from "./poll_bars.js";
import { PollForm } from "./poll_form.js";
import { chosenText, hiddenText, pollsInOrder, quizText, secrecyText, statusText, votersText } from "./poll_model.js";
import { countdown } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").Poll} Poll
 * @typedef {import("/sdk/types.js").OwnPollVote} OwnPollVote
 */

export class PollsPanel {
  #client;
  #showNow;
  #session = "";
  #me;
  #leave = () => {};
  #render = eachFrame(() => this.#show());
  /** @type {WeakMap<HTMLElement, PollCard>} */
  #cards = new WeakMap();
  /** Those that have been told of. @type {Set<string>} */
  #told = new Set();

  /**
   * @param {ShowcallerClient} client
   * @param {() => number | null} showNow
   */
  constructor(client, showNow) {
    this.#client = client;
    this.#showNow = showNow;
    this.#me = client.follow("me");
    this.#me.on("change", this.#render);
  }

  /** @param {string} session */
  turnTo(session) {
    if (session === this.#session) return;
    this.#leave();
    if (this.#session) this.#client.unfollow(`session/${this.#session}/polls`);
    this.#session = session;
    this.#leave = this.#channel.on("change", this.#render);
    this.#render();
  }

  /** As the clock goes. */
  tick() {
    for (const item of byId("polls-list").children) this.#cards.get(/** @type {HTMLElement} */ (item))?.tick();
    for (const item of byId("polls-earlier-list").children) this.#cards.get(/** @type {HTMLElement} */ (item))?.tick();
  }

  get #channel() {
    return this.#client.follow(`session/${this.#session}/polls`);
  }

  #show() {
    const polls = pollsInOrder(this.#channel.items);
    const open = polls.filter(({ state }) => state === "open").length;
    const first = polls.slice(0, Math.max(open, 1));
    show(byId("polls"), polls.length > 0);
    show(byId("polls-earlier"), polls.length > first.length);
    this.#list(byId("polls-list"), first);
    this.#list(byId("polls-earlier-list"), polls.slice(first.length));
    this.#tell(polls);
  }

  /**
   * @param {HTMLElement} list
   * @param {Poll[]} polls
   */
  #list(list, polls) {
    const vote = (/** @type {Poll} */ { id }, /** @type {OwnPollVote} */ chosen) => this.#client.votePoll(id, chosen);
    const create = (/** @type {Poll} */ poll) => {
      const card = new PollCard(poll, vote, this.#showNow);
      this.#cards.set(card.element, card);
      return card.element;
    };
    keyed(list, polls, ({ id }) => id, create, (item, poll) => this.#cards.get(item)?.render(poll, this.#channel.levels, this.#me.items.get(`poll:${poll.id}`)));
  }

  /** Says that a poll has opened, once. @param {Poll[]} polls */
  #tell(polls) {
    const isNew = polls.filter(({ id, state }) => state === "open" && !this.#told.has(id));
    for (const { id } of isNew) this.#told.add(id);
    if (isNew[0]) setText(byId("polls-note"), say("A poll has opened: {text}", { text: isNew[0].text }));
  }
}

class PollCard {
  #poll;
  #vote;
  #showNow;
  #form;
  #changing = false;
  #sending = false;
  /** @type {OwnPollVote | undefined} */
  #own;
  #state = h("span", { class: "tag" });
  #left = h("span", { class: "small times", role: "timer" });
  #votes = h("span", { class: "small quiet times" });
  #quiz = h("p", { class: "poll-quiz" });
  #voted = h("p", { class: "small" });
  #secrecy = h("p", { class: "small quiet" });
  #hidden = h("p", { class: "small" });
  #bars = new PollBars();
  #note = h("p", { class: "note", role: "status" });
  #error = h("p", { class: "error", role: "alert" });
  #after = h("div", { class: "spread" });
  #change = h("button", { class: "compact", type: "button", onclick: () => this.#begin() }, say("Change my vote"));
  #text = h("h3", { class: "text" });

  /**
   * @param {Poll} poll
   * @param {(poll: Poll, vote: OwnPollVote) => Promise<unknown>} vote
   * @param {() => number | null} showNow
   */
  constructor(poll, vote, showNow) {
    this.#poll = poll;
    this.#vote = vote;
    this.#showNow = showNow;
    this.#after.append(this.#voted, this.#change);
    this.#form = new PollForm(poll, (chosen) => void this.#send(chosen));
    this.element = h(
      "li",
      { class: "card poll stack", "data-poll": poll.id },
      h("div", { class: "spread" }, h("span", { class: "row" }, this.#state, this.#left), this.#votes),
      this.#text,
      this.#quiz,
      this.#form.element,
      this.#bars.element,
      this.#after,
      this.#hidden,
      this.#secrecy,
      this.#error,
      this.#note,
    );
  }

  /**
   * @param {Poll} poll
   * @param {ReadonlyMap<string, number>} levels
   * @param {OwnPollVote | undefined} own
   */
  render(poll, levels, own) {
    const open = poll.state === "open";
    this.#poll = poll;
    this.#own = own;
    this.element.dataset.state = poll.state;
    setText(this.#text, poll.text);
    setText(this.#state, statusText(poll));
    this.#state.dataset.tone = open ? "live" : "";
    setText(this.#votes, votersText(poll.id, levels));
    setText(this.#secrecy, open ? secrecyText(poll) : "");
    setText(this.#hidden, hiddenText(poll, own !== undefined));
    if (!open) setText(this.#note, "");
    setText(this.#quiz, quizText(poll, own));
    show(this.#quiz, this.#quiz.textContent !== "");
    const asks = open && (own === undefined || this.#changing);
    show(this.#form.element, asks);
    show(this.#bars.element, poll.results && !asks);
    if (poll.results) this.#bars.render(poll, levels, own);
    setText(this.#voted, own ? say("You voted: {choice}", { choice: chosenText(poll, own) }) : "");
    show(this.#change, open && own !== undefined && !this.#changing);
    show(this.#after, this.#voted.textContent !== "");
    if (!open) this.#changing = false;
    this.tick();
  }

  /** As the clock goes. */
  tick() {
    const { ends_ms, state } = this.#poll;
    const now = this.#showNow();
    setText(this.#left, state === "open" && ends_ms !== null && now !== null ? say("{left} left", { left: countdown(ends_ms - now) }) : "");
  }

  #begin() {
    this.#changing = true;
    if (this.#own) this.#form.fill(this.#own);
    show(this.#form.element, true);
    show(this.#bars.element, false);
    show(this.#change, false);
    this.#form.focus();
  }

  /** @param {OwnPollVote} vote */
  async #send(vote) {
    if (this.#sending) return;
    this.#sending = true;
    setText(this.#error, "");
    try {
      await this.#vote(this.#poll, vote);
      this.#changing = false;
      setText(this.#note, say("Your vote counts."));
      show(this.#form.element, false);
      show(this.#after, true);
      show(this.#change, true);
      this.#change.focus();
    } catch (error) {
      setText(this.#error, errorText(error));
    } finally {
      this.#sending = false;
    }
  }
}
