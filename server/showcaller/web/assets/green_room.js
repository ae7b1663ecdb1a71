/** The producer's green room: per stage what is published, what viewers get, and who has it worst. */

import { fetchMedia } from "/sdk/index.js";

import { armButton } from "./armed_button.js";
import { h, keyed, setText, show } from "./dom.js";
import { showFigures } from "./figure_list.js";
import { refusals, sourceName, stageFigures, stageRooms } from "./green_room_model.js";
import { PublicationCard } from "./publication_card.js";
import { ViewersTable } from "./viewers_table.js";
import { inSentence, say } from "./words.js";

/**
 * @typedef {import("./green_room_model.js").MediaOverview} MediaOverview
 * @typedef {import("./green_room_model.js").Published} Published
 * @typedef {import("./green_room_model.js").StageRoom} StageRoom
 *
 * @typedef {object} RoomNeeds
 * @property {import("./page.js").EventPage} page
 * @property {{items: ReadonlyMap<string, any>}} desk the producer's channel, or those of some stages
 * @property {import("./scope_model.js").Scope} scope
 * @property {(session: string, publication: string, done: string) => void} choose what the stage shows
 */

const ASK_EVERY_MS = 2_000;

export class GreenRoom {
  #needs;
  #list;
  #note;
  #link;
  /** @type {MediaOverview | null} */
  #overview = null;
  #failed = false;
  /** @type {WeakMap<HTMLElement, StageCard>} */
  #cards = new WeakMap();

  /**
   * @param {RoomNeeds} needs
   * @param {{list: HTMLElement, note: HTMLElement, link: HTMLElement}} places
   */
  constructor(needs, { list, note, link }) {
    this.#needs = needs;
    this.#list = list;
    this.#note = note;
    this.#link = link;
    document.addEventListener("visibilitychange", () => void this.#ask());
    setInterval(() => void this.#ask(), ASK_EVERY_MS);
  }

  render() {
    const { page, desk, scope } = this.#needs;
    const rooms = stageRooms(page.items, desk.items, this.#overview).filter(({ stage }) => scope.all || scope.stages.includes(stage.id));
    setText(this.#link, linkText(rooms));
    setText(this.#note, [this.#state(), ...refusals(page.items, this.#overview)].join(" ").trim());
    show(this.#note, this.#note.textContent !== "");
    keyed(
      this.#list,
      rooms,
      ({ stage }) => stage.id,
      ({ stage }) => {
        const card = new StageCard(stage.id, this.#needs);
        this.#cards.set(card.element, card);
        return card.element;
      },
      (element, room) => this.#cards.get(element)?.update(room),
    );
  }

  /** Workers are asked only while somebody looks. */
  async #ask() {
    const { page } = this.#needs;
    if (document.visibilityState !== "visible" || !page.client?.welcome) return;
    try {
      this.#overview = await fetchMedia({ event: page.place.event, token: page.client.token });
      this.#failed = false;
    } catch {
      this.#overview = null;
      this.#failed = true;
    }
    this.render();
    for (const element of this.#list.children) {
      if (element instanceof HTMLElement) void this.#cards.get(element)?.refresh();
    }
  }

  #state() {
    if (this.#failed) return say("The video servers do not answer: figures are missing until they do.");
    if (this.#overview === null) return say("Asking the video servers…");
    if (this.#overview.workers.length === 0) return say("No video server runs: nobody can go on air or watch.");
    return "";
  }
}

/** @param {StageRoom[]} rooms */
function linkText(rooms) {
  const published = rooms.flatMap((room) => room.published);
  const troubled = published.filter(({ measured }) => measured?.problems.length);
  if (published.length === 0) return say("Green room: empty");
  const [count, problems] = [published.length, troubled.length];
  return problems ? say("Green room: {count}, {problems} with problems", { count, problems }) : say("Green room: {count}", { count });
}

class StageCard {
  #needs;
  /** @type {StageRoom | null} */
  #room = null;
  #title = h("h3", {});
  #talk = h("p", { class: "small quiet" });
  #automatic = h("button", { class: "compact", type: "button" }, say("Automatic"));
  #figures = h("dl", { class: "figure-list across times" });
  #empty = h("p", { class: "empty" }, say("No camera and no slides here."));
  #list = h("ul", { class: "plain-list publications" });
  #viewers;
  /** @type {WeakMap<HTMLElement, PublicationCard>} */
  #cards = new WeakMap();

  /**
   * @param {string} stage
   * @param {RoomNeeds} needs
   */
  constructor(stage, needs) {
    this.#needs = needs;
    const { page } = needs;
    this.#viewers = new ViewersTable({ event: page.place.event, stage, token: () => page.client?.token ?? "" });
    const automatic = () => this.#room && needs.choose(this.#room.chosenIn, "", say("The stage chooses its picture by itself again."));
    armButton(this.#automatic, say("Change it?"), automatic, () => this.#room?.chosenIn === this.#room?.stage.session);
    this.element = h(
      "li",
      { class: "card stack stage-room", "data-stage": stage },
      h("div", { class: "spread" }, h("div", {}, this.#title, this.#talk), this.#automatic),
      this.#figures,
      this.#list,
      this.#empty,
      this.#viewers.element,
    );
  }

  /** @param {StageRoom} room */
  update(room) {
    this.#room = room;
    setText(this.#title, room.stage.title);
    setText(this.#talk, room.title ? (room.ahead ? say("Next: {title}", { title: room.title }) : say("On now: {title}", { title: room.title })) : say("Nothing is on this stage."));
    this.#automatic.setAttribute("aria-label", `${this.#automatic.textContent}: ${room.stage.title}`);
    show(this.#automatic, room.chosenIn !== "");
    show(this.#figures, room.measured !== null);
    if (room.measured) showFigures(this.#figures, stageFigures(room.measured));
    show(this.#empty, room.published.length === 0);
    this.#showPublished(room.published);
  }

  async refresh() {
    await this.#viewers.refresh();
  }

  /** @param {Published[]} published */
  #showPublished(published) {
    const before = new Set(this.#list.children);
    keyed(
      this.#list,
      published,
      ({ id }) => id,
      (one) => this.#newCard(one),
      (element, one) => this.#cards.get(element)?.update(one),
    );
    for (const element of this.#list.children) before.delete(element);
    for (const gone of before) if (gone instanceof HTMLElement) this.#cards.get(gone)?.stop();
  }

  /** @param {Published} published */
  #newCard(published) {
    const { page, choose } = this.#needs;
    const card = new PublicationCard(published, {
      event: page.place.event,
      token: () => page.client?.token ?? "",
      onStage: ({ session, id, name, source, live }) =>
        choose(session, id, goesText(live, { name, source: inSentence(sourceName(source)) })),
    });
    this.#cards.set(card.element, card);
    return card.element;
  }
}

/**
 * @param {boolean} live whether its session is
 * @param {{name: string, source: string}} who
 */
function goesText(live, who) {
  return live ? say("{name} ({source}) goes on stage.", who) : say("{name} ({source}) goes on stage when the session does.", who);
}
