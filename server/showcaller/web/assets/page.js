/**
 * What every page of an event shares: who looks, the connection, the agenda, the clock, the frame.
 *
 * `openPage` fills the page's header, gets a token where one is needed, connects, and hands the
 * page over.
 */

import { ShowcallerClient, fetchAgenda, showTimeAt } from "/sdk/index.js";

import { clockOf, eventOf, isOver, keepingEqual, sessionsOf } from "./agenda_model.js";
import { showAnnouncements } from "./announcements.js";
import { showBrand } from "./brand.js";
import { connectionPill } from "./connection_pill.js";
import { toastCues } from "./cue_toasts.js";
import { byId, eachFrame, h, setText, show } from "./dom.js";
import { guestCard } from "./guest_card.js";
import { NOTICE, codeOfGuest, forgetToken, keepToken, shareIdentity, takeToken } from "./identity.js";
import { identityMenu } from "./identity_menu.js";
import { languageMenu } from "./language_menu.js";
import { LateChannel } from "./late_channel.js";
import { toastMoves } from "./move_toasts.js";
import { address, placeOf } from "./place.js";
import { inTab } from "./remember.js";
import { joinWords, signInCard } from "./sign_in.js";
import { language, listed, say } from "./words.js";

const READING_EVERY_MS = 15_000; // without a token the agenda is read, not followed
const READING_AGAIN_MS = 5_000; // after it could not be read
const REVEAL_AT_LAST_MS = 3_000; // then the page shows what there is, if only the agenda
/** @type {Record<string, string>} */
const ROLES = {
  moderator: say("moderators"),
  producer: say("producers"),
  speaker: say("speakers"),
  ops: say("operators"),
  stage_manager: say("stage managers"),
  captioner: say("captioners"),
};
const ACCESS_ENDED = new Set(["bad_token", "token_expired", "forbidden", "unauthenticated"]);

/**
 * @typedef {object} PageNeeds
 * @property {"agenda" | "speaker" | "watch" | "questions" | "captions" | "certificate" | "speak" | "moderate" | "produce" | "access" | "history" | "organise"} name
 * @property {string} title of the document, before the event's
 * @property {string[]} [roles] one of these is needed; none: everybody with a token
 * @property {boolean} [reading] whether the page shows something without a token
 */

export class EventPage {
  /** Whether the agenda could be read when it was last asked for; null: not asked yet. @type {boolean | null} */
  reads = null;
  /** @type {ReadonlyMap<string, any>} */
  #read = new Map();
  /** @type {(() => void)[]} */
  #onChange = [];
  /** @type {(() => void)[]} */
  #onTick = [];
  /** What somebody has starred, on pages that know it. @type {import("./favourites.js").Favourites | null} */
  favourites = null;

  /**
   * @param {import("./place.js").Place} place
   * @param {ShowcallerClient | null} client
   */
  constructor(place, client) {
    this.place = place;
    this.client = client;
    this.agenda = client ? new LateChannel(client.follow("agenda"), () => this.lateMs()) : null;
  }

  /** The agenda's items, followed or read. @returns {ReadonlyMap<string, any>} */
  get items() {
    return this.agenda?.ready ? this.agenda.items : this.#read;
  }

  /** Server time now, as well as it is known. */
  serverNow() {
    return this.client ? this.client.serverNow() : Date.now();
  }

  /** How much later than at once the page tells of the agenda: with the picture that it shows. */
  lateMs() {
    return 0;
  }

  /**
   * Returns whether something was said within the last `forMs`, for the viewer.
   *
   * @param {number} saidMs server time
   * @param {number} forMs
   */
  isFresh(saidMs, forMs) {
    return saidMs > this.serverNow() - forMs;
  }

  /** Show time now; null before the agenda is there. */
  showNow() {
    const clock = clockOf(this.items);
    return clock ? showTimeAt(clock, this.serverNow()) : null;
  }

  /** Returns whether one of these roles is held. @param {...string} roles */
  has(...roles) {
    return this.client?.welcome?.roles.some((role) => roles.includes(role)) ?? false;
  }

  /**
   * Calls `render` now and after each change of the agenda, once a frame however much has changed.
   *
   * @param {() => void} render
   */
  onChange(render) {
    const soon = eachFrame(render);
    this.#onChange.push(soon);
    this.agenda?.on("change", soon);
    render();
  }

  /**
   * Calls `render` now and whenever a countdown's seconds change: for what is told by the clock alone.
   *
   * @param {() => void} render
   */
  onTick(render) {
    this.#onTick.push(render);
    if (this.#onTick.length === 1) setTimeout(() => this.#tick(), this.#untilNextSecondMs());
    render();
  }

  #tick() {
    for (const render of this.#onTick) render();
    setTimeout(() => this.#tick(), this.#untilNextSecondMs());
  }

  /** Reads the agenda over HTTP: before the first snapshot, and for those without a token. */
  async readAgenda() {
    try {
      const { items } = await fetchAgenda(this.place);
      this.#read = keepingEqual(this.#read, items);
      this.reads = true;
    } catch {
      this.reads = false;
    }
    for (const soon of this.#onChange) soon();
    for (const render of this.#onTick) render();
  }

  /** Reads it again and again: sooner after it could not be read. */
  keepReading() {
    setTimeout(() => void this.readAgenda().then(() => this.keepReading()), this.reads === false ? READING_AGAIN_MS : READING_EVERY_MS);
  }

  /** Shows the contents: once they are whole, so that nothing jumps while they come. */
  reveal() {
    delete byId("main").dataset.waiting;
  }

  #untilNextSecondMs() {
    const clock = clockOf(this.items);
    const showNow = this.showNow();
    if (!clock || clock.held || showNow === null) return 500;
    return Math.min(1000, Math.max(100, (1000 - (showNow % 1000)) / clock.rate + 5));
  }
}

/**
 * @param {PageNeeds} needs
 * @returns {Promise<EventPage>} once there is a token, if the page needs one
 */
export async function openPage(needs) {
  const place = placeOf();
  const end = mountBar(needs, place);
  const token = await takeToken(place.event, needs.roles ?? []);
  const code = codeOfGuest();
  if (code) return startWith(needs, place, await askForName(place, code), end);
  if (token === null && !needs.reading) {
    shareIdentity(place.event, () => null, () => location.reload());
    return startWith(needs, place, await askForToken(needs, place), end);
  }
  return startWith(needs, place, token, end);
}

/**
 * @param {PageNeeds} needs
 * @param {import("./place.js").Place} place
 * @param {string | null} token
 * @param {HTMLElement} end of the bar
 */
function startWith(needs, place, token, end) {
  show(byId("main"), true);
  const client = token === null ? null : connect(place.event, token);
  const page = new EventPage(place, client);
  shareIdentity(place.event, () => client?.token ?? null, () => location.reload());
  end.append(identityMenu(place.event, client), connectionPill(client, () => page.reads));
  if (client === null) {
    page.keepReading();
  } else {
    client.on("welcome", () => welcome(needs, page));
    client.on("status", ({ state, reason }) => state === "stopped" && ended(place.event, client.token, reason?.code ?? ""));
    toastCues(page);
    toastMoves(page);
    showAnnouncements(page);
    client.start();
  }
  void page.readAgenda();
  setTimeout(() => page.onChange(() => page.items.size > 0 && page.reveal()), REVEAL_AT_LAST_MS);
  page.onChange(() => titleFrom(needs, page));
  return page;
}

/**
 * @param {string} event
 * @param {string} token
 */
function connect(event, token) {
  const client = new ShowcallerClient({ event, token, client: "showcaller-pages" });
  client.on("token", (renewed) => keepToken(event, renewed));
  return client;
}

/**
 * The token is refused for good: forget it and ask for another. Others stay: the pill tells why.
 *
 * @param {string} event
 * @param {string} token
 * @param {string} code
 */
function ended(event, token, code) {
  if (code === "banned") return refuse(say("You were removed from this event"), say("The organiser ended your access."));
  if (code === "too_many_connections") {
    return refuse(say("Open in too many places"), say("You have this event open in too many windows or devices. Close some of them, then load this page again."));
  }
  if (!ACCESS_ENDED.has(code)) return;
  forgetToken(event, token);
  inTab.set(NOTICE, say("Your sign-in is no longer valid here. Please join again."));
  location.reload();
}

/**
 * @param {PageNeeds} needs
 * @param {EventPage} page
 */
function welcome(needs, page) {
  for (const link of document.querySelectorAll("[data-roles]")) {
    if (link instanceof HTMLElement) show(link, page.has(...(link.dataset.roles ?? "").split(" ")));
  }
  if (needs.roles && !page.has(...needs.roles)) {
    refuse(say("This page is not for your role"), say("It is for {roles}. The organiser has a link for them.", { roles: listed(needs.roles.map((role) => ROLES[role] ?? role)) }));
  }
}

/**
 * Puts a message in the place of the page.
 *
 * @param {string} title
 * @param {string} text
 * @param {{href: string, text: string}} [lead] where to go first
 */
export function refuse(title, text, lead) {
  const back = h("a", { class: "button", href: address(placeOf().event) }, say("To the agenda"));
  const there = lead ? h("a", { class: "button primary", href: lead.href }, lead.text) : null;
  const card = h("section", { class: "card stack sign-in alone" }, h("h1", {}, title), h("p", {}, text), h("p", { class: "row" }, there, back));
  document.querySelector("main.instead")?.remove();
  showInstead(card);
}

/**
 * Shows a card and hides the page, whose parts its scripts go on using.
 *
 * @param {HTMLElement} card
 * @returns {HTMLElement}
 */
function showInstead(card) {
  const main = h("main", { class: "frame instead" }, card);
  show(byId("main"), false);
  byId("main").after(main);
  return main;
}

/** Whether the title is what this page says, in its language. */
let titled = false;
/** The event whose look the page has. @type {import("/sdk/types.js").Event | null} */
let branded = null;

/**
 * @param {PageNeeds} needs
 * @param {EventPage} page
 */
function titleFrom(needs, page) {
  const event = eventOf(page.items);
  if (!event) return;
  setText(byId("brand"), event.title);
  if (event !== branded) showBrand((branded = event));
  const served = language !== "en" && document.title.endsWith(` – ${event.title}`) && event.title !== "";
  if (document.title === "Showcaller" || (served && !titled)) document.title = needs.title ? `${needs.title} – ${event.title}` : event.title;
  titled = true;
}

/**
 * The header; returns its end, for the pill.
 *
 * @param {PageNeeds} needs
 * @param {import("./place.js").Place} place
 */
function mountBar(needs, { event }) {
  const link = (/** @type {string} */ name, /** @type {string} */ text, /** @type {string} */ href, roles = "") =>
    h(
      "a",
      { href, "aria-current": needs.name === name && "page", "data-roles": roles || null, hidden: roles !== "" && needs.name !== name },
      text,
    );
  const end = h("div", { class: "bar-end" }, languageMenu());
  byId("bar").replaceChildren(
    h("a", { class: "brand", href: address(event) }, h("span", { id: "brand" }, "Showcaller")),
    h(
      "nav",
      { "aria-label": say("Pages") },
      link("agenda", say("Agenda"), address(event)),
      link("moderate", say("Moderate"), address(event, "moderate"), "moderator producer"),
      link("produce", say("Produce"), address(event, "produce"), "producer stage_manager"),
      link("history", say("History"), address(event, "history"), "moderator producer ops stage_manager"),
      link("organise", say("Organise"), address(event, "organise"), "producer ops"),
      link("access", say("Access"), address(event, "access"), "producer ops"),
    ),
    byId("toasts"),
    end,
  );
  return end;
}

/** Shows the message that an earlier load of this tab left. */
export function takeNotice() {
  const notice = inTab.get(NOTICE) ?? "";
  inTab.set(NOTICE, null);
  return notice;
}

/**
 * @param {import("./place.js").Place} place
 * @param {string} code of a guest's link
 * @returns {Promise<string>}
 */
function askForName({ event }, code) {
  void fetchAgenda({ event }).then(({ items }) => setText(byId("brand"), items.event.title), () => {});
  return new Promise((resolve) => {
    const card = guestCard(event, code, (token) => {
      main.remove();
      resolve(token);
    });
    const main = showInstead(card);
    card.querySelector("input")?.focus();
  });
}

/**
 * @param {PageNeeds} needs
 * @param {import("./place.js").Place} place
 * @returns {Promise<string>}
 */
function askForToken(needs, { event }) {
  const registers = !needs.roles;
  const words = joinWords(false);
  const agenda = fetchAgenda({ event });
  void agenda.then(({ items }) => {
    setText(byId("brand"), items.event.title);
    const over = sessionsOf(new Map(Object.entries(items))).every(isOver);
    if (registers && over) setText(byId("sign-in-lead"), joinWords(over).lead);
  }, () => {});
  return new Promise((resolve) => {
    const card = signInCard(
      {
        event,
        registers,
        alone: true,
        consents: agenda.then(({ items }) => items.event.consents ?? [], () => []),
        notice: takeNotice(),
        title: registers ? words.title : say("This page needs your link"),
        lead: registers ? words.lead : say("The organiser gave you a link with your access. Open it, or paste it here."),
      },
      (token) => {
        main.remove();
        resolve(token);
      },
    );
    const main = showInstead(card);
    card.querySelector("input")?.focus();
  });
}
