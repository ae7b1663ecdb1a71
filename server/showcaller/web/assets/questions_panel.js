/** Live Q&A of one session as an attendee sees it: on air, ask, own questions, all questions. */

import { isAhead, isOver } from "./agenda_model.js";
import { AskForm } from "./ask_form.js";
import { byId, eachFrame, h, keyed, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { onAirAt, questionAt } from "./moments_model.js";
import { toastOwnNews } from "./own_news.js";
import { QuestionList } from "./question_list.js";
import { SimilarTexts } from "./similar_model.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 * @typedef {import("/sdk/types.js").OwnQuestion} OwnQuestion
 * @typedef {import("/sdk/types.js").Session} Session
 */

/** @type {Record<string, {text: string, tone: string}>} */
const OWN_STATES = {
  pending: { text: say("In review"), tone: "wait" },
  approved: { text: say("In the list"), tone: "ok" },
  on_air: { text: say("On air"), tone: "live" },
  answered: { text: say("Answered"), tone: "ok" },
  rejected: { text: say("Not chosen"), tone: "" },
};

export class QuestionsPanel {
  #client;
  #session = "";
  #me;
  #form;
  #list;
  #texts = new SimilarTexts();
  /** Votes on their way. @type {Map<string, boolean>} */
  #voting = new Map();
  /** @type {(() => void)[]} */
  #leave = [];
  #render = eachFrame(() => this.#show());

  #onReady;
  #momentMs;

  /**
   * @param {ShowcallerClient} client
   * @param {() => void} onReady
   * @param {string} event
   * @param {() => number | null} momentMs the server time as of which questions are shown; null: as they are
   */
  constructor(client, onReady, event, momentMs = () => null) {
    this.#momentMs = momentMs;
    this.#client = client;
    this.#onReady = onReady;
    this.#me = client.follow("me");
    this.#me.on("change", this.#render);
    toastOwnNews(this.#me, event);
    this.#form = new AskForm(client, (text) => this.#similar(text));
    this.#list = new QuestionList(byId("questions"), ({ id, voted }) => void this.#vote(id, !voted));
    for (const id of ["q-words", "q-sort", "q-which"]) byId(id).addEventListener("input", () => this.#choose());
  }

  /** @param {string} session */
  turnTo(session) {
    if (session === this.#session) return;
    for (const leave of this.#leave) leave();
    if (this.#session) this.#client.unfollow(`session/${this.#session}/questions`);
    this.#session = session;
    this.#form.turnTo(session);
    const channels = [this.#client.follow(`session/${session}`), this.#client.follow(`session/${session}/questions`)];
    this.#leave = channels.map((channel) => channel.on("change", this.#render));
    this.#render();
  }

  /** For who sees them as they were: time goes on. */
  tick() {
    if (this.#session && this.#momentMs() !== null) this.#render();
  }

  #choose() {
    const sort = /** @type {import("./question_list_model.js").Sort} */ (byId("q-sort", HTMLSelectElement).value);
    const which = /** @type {import("./question_list_model.js").Which} */ (byId("q-which", HTMLSelectElement).value);
    this.#list.choose({ words: byId("q-words", HTMLInputElement).value, sort, which });
    this.#render();
  }

  /** Listed questions that say nearly the same: one vote more is better than one question more. @param {string} text */
  #similar(text) {
    const listed = [...this.#client.follow(`session/${this.#session}/questions`).items.values()];
    return this.#texts.like(text, listed).map(({ id, text: asked }) => ({
      text: asked,
      voted: this.#voted(id) || this.#me.items.has(`question:${id}`),
      vote: () => void this.#vote(id, true),
    }));
  }

  /** @param {string} id */
  #voted(id) {
    return this.#voting.get(id) ?? this.#me.items.has(`vote:${id}`);
  }

  /**
   * @param {string} id
   * @param {boolean} on
   */
  async #vote(id, on) {
    this.#voting.set(id, on);
    this.#render();
    try {
      await this.#client.vote(id, on);
    } catch (error) {
      setText(byId("ask-note"), errorText(error));
    }
    this.#voting.delete(id);
    this.#render();
  }

  /** True when it shows what the server has. */
  get ready() {
    return this.#client.follow(`session/${this.#session}/questions`).ready;
  }

  #show() {
    if (this.ready) this.#onReady();
    const { items } = this.#client.follow(`session/${this.#session}`);
    const session = items.get("session");
    const over = session !== undefined && isOver(session);
    this.#showState(session);
    const momentMs = this.#momentMs();
    const asked = this.#client.follow(`session/${this.#session}/questions`).items.values();
    this.#showOnAir(momentMs !== null ? onAirAt(asked, momentMs) : over ? undefined : items.get("question"));
    this.#showOwn(over);
    this.#showList(over);
  }

  /** @param {Session | undefined} session */
  #showState(session) {
    const open = session?.qa === "open";
    setText(byId("qa-state"), !session ? "" : open ? say("Open") : isAhead(session) ? say("Not open yet") : say("Closed"));
    byId("qa-state").dataset.tone = open ? "ok" : "";
    show(byId("qa-state"), Boolean(session) && session?.qa !== "off");
    const silenced = this.#me.items.get("silenced");
    show(byId("ask"), open && !silenced);
    show(byId("silenced"), open && Boolean(silenced));
    setText(byId("silenced"), silenced ? silencedText(silenced) : "");
  }

  /** @param {import("/sdk/types.js").Question | undefined} question */
  #showOnAir(question) {
    show(byId("on-air"), question !== undefined);
    setText(byId("on-air-text"), question?.text ?? "");
    setText(byId("on-air-author"), question ? (question.author ?? say("Asked anonymously")) : "");
  }

  /** @param {boolean} over nothing is on air once the talk is over */
  #showOwn(over) {
    const own = /** @type {OwnQuestion[]} */ (
      [...this.#me.items].filter(([key]) => key.startsWith("question:")).map(([, question]) => question)
    ).filter(({ session, state }) => session === this.#session && state !== "withdrawn");
    own.sort((a, b) => b.asked_ms - a.asked_ms);
    show(byId("own"), own.length > 0);
    keyed(byId("own-list"), own, ({ id }) => id, ({ id }) => this.#createOwn(id), (item, question) => updateOwn(item, offAir(question, over)));
  }

  /** @param {string} id */
  #createOwn(id) {
    const edit = () => this.#form.edit(this.#me.items.get(`question:${id}`));
    const withdraw = () =>
      void this.#client
        .command("question.withdraw", { question: id })
        .catch((error) => setText(byId("ask-note"), errorText(error)));
    return h(
      "li",
      { class: "card own", "data-question": id },
      h("p", { class: "text asked" }),
      h("p", { class: "text reply" }),
      h(
        "div",
        { class: "row" },
        h("span", { class: "tag badge" }),
        h("span", { class: "small quiet marked" }),
        h("button", { class: "compact plain edit", type: "button", onclick: edit }, say("Edit")),
        h("button", { class: "compact plain withdraw", type: "button", onclick: withdraw }, say("Withdraw")),
      ),
    );
  }

  /** @param {boolean} over */
  #showList(over) {
    const channel = this.#client.follow(`session/${this.#session}/questions`);
    const momentMs = this.#momentMs();
    const asked = [...channel.items.values()].map((question) => (momentMs === null ? offAir(question, over) : questionAt(question, momentMs)));
    const questions = asked.filter((question) => question !== null).map((question) => ({
      ...question,
      votes: channel.levels.get(question.id) ?? 0,
      voted: this.#voted(question.id),
      own: this.#me.items.has(`question:${question.id}`),
    }));
    const shown = this.#list.render(questions);
    const session = this.#client.follow(`session/${this.#session}`).items.get("session");
    show(byId("q-tools"), questions.length > 1);
    show(byId("no-questions"), channel.ready && shown === 0);
    setText(byId("no-questions"), questions.length > 0 ? say("None of the questions is like that.") : momentMs !== null ? say("Nothing had been asked at this moment.") : session ? emptyText(session) : "");
  }
}

/** @param {{reason: string, until_ms: number | null}} silence */
function silencedText({ reason, until_ms }) {
  const text = until_ms
    ? say("A moderator has asked you to pause: you may watch and vote, but not ask until {time} (your time).", { time: clockTime(until_ms) })
    : say("A moderator has asked you to pause: you may watch and vote, but not ask for now.");
  return reason ? `${text} “${reason}”` : text;
}

/** @param {Session} session whose list is empty */
function emptyText(session) {
  if (session.qa === "off") return say("This session takes no questions.");
  if (session.qa === "open") return say("No questions yet. Ask the first one.");
  if (isAhead(session)) return say("Questions are not open yet.");
  return isOver(session) ? say("Nothing was asked here.") : say("Questions are closed now.");
}

/**
 * What was on air when its talk ended is in the list again, as anything that was not answered.
 *
 * @template {{state: string}} Shown
 * @param {Shown} question
 * @param {boolean} over
 * @returns {Shown}
 */
function offAir(question, over) {
  return over && question.state === "on_air" ? { ...question, state: "approved" } : question;
}

/**
 * @param {HTMLElement} item
 * @param {OwnQuestion} question
 */
function updateOwn(item, { text, state, reason, reply, merged_into, original }) {
  /** @param {string} part */
  const part = (part) => /** @type {HTMLElement} */ (item.querySelector(part));
  const { text: words, tone } = OWN_STATES[state] ?? { text: state, tone: "" };
  item.dataset.state = state;
  const merged = merged_into !== null && merged_into !== undefined;
  setText(part(".asked"), original ? `${text}\n${say("(You asked: {text})", { text: original })}` : text);
  setText(part(".marked"), merged ? say("Joined with a question that asks the same") : "");
  setText(part(".badge"), state === "rejected" && reason ? `${words}: ${reason}` : words);
  part(".badge").dataset.tone = tone;
  setText(part(".reply"), reply ?? "");
  show(part(".reply"), Boolean(reply));
  show(part(".edit"), state === "pending" && !merged);
  show(part(".withdraw"), state === "pending" || state === "approved");
}
