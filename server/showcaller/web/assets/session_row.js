/** One session on the agenda. Made once, then kept up to date, so that focus and open details stay. */

import { dayOf, isOn, reasonOf, speakersOf, statusOf } from "./agenda_model.js";
import { picture, pictureAddress } from "./brand.js";
import { h, setAttribute, setText, show } from "./dom.js";
import { showStar, starButton } from "./favourites.js";
import { address } from "./place.js";
import { clockTime, clockTimeBeside } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} RowContext
 * @property {import("/sdk/types.js").Event} event
 * @property {boolean} own whether times are the viewer's
 * @property {ReadonlyMap<string, any>} items
 * @property {string} eventId
 * @property {import("./zones.js").Zone} zone the one to show; undefined: the viewer's own
 * @property {import("./zones.js").Zone} otherZone
 * @property {string} otherLabel empty: the other zone is not shown
 * @property {boolean} stages whether there are several
 * @property {() => number} showNow
 * @property {() => {ready: boolean, all: ReadonlySet<string>}} favourites
 * @property {() => ReadonlyMap<string, Session>} clashes of favourites
 * @property {(session: string) => void} star
 */

export class SessionRow {
  #time = h("time", { class: "at" });
  #until = h("span", { class: "quiet small" });
  #planned = h("s", { class: "quiet small" });
  #other = h("span", { class: "quiet small" });
  #status = h("span", { class: "pill" });
  #theme = h("span", { class: "tag theme" });
  #stage = h("span", { class: "tag" });
  #recording = h("span", { class: "tag", hidden: true }, say("Recording"));
  #title = h("a", {});
  #speakers = h("ul", { class: "plain-list who-speaks" });
  #abstract = h("p", { class: "text" });
  #watch = h("a", { class: "button compact" });
  #clash = h("p", { class: "small clash", hidden: true });
  #reason = h("p", { class: "small text", hidden: true });
  /** @type {HTMLButtonElement} */
  #star;
  /** @type {RowContext | null} */
  #context = null;
  #speakerIds = "";

  /** @param {Session} session */
  constructor(session) {
    const id = `title-${session.id}`;
    this.#star = starButton(() => this.#context?.star(session.id));
    this.element = h(
      "li",
      { class: "session", "data-session": session.id, "aria-labelledby": id },
      h("div", { class: "when times" }, this.#time, this.#until, this.#planned, this.#other),
      h(
        "div",
        { class: "what stack" },
        h("div", { class: "row" }, this.#status, this.#theme, this.#stage, this.#recording),
        h("h3", { id }, this.#title),
        this.#speakers,
        this.#reason,
        this.#clash,
        session.abstract && h("details", { class: "about small" }, h("summary", {}, say("About this session")), this.#abstract),
      ),
      h("div", { class: "act" }, this.#watch, this.#star),
    );
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  update(session, context) {
    this.#context = context;
    this.element.dataset.state = session.state;
    this.element.dataset.kind = session.kind;
    this.#times(session, context);
    this.#labels(session, context);
    this.#links(session, context);
    setText(this.#abstract, session.abstract);
    this.#whoSpeaks(session, context);
    this.updateStar(session);
  }

  /** What has to do with one's own agenda. @param {Session} session */
  updateStar(session) {
    if (!this.#context) return;
    const favourites = this.#context.favourites();
    const other = this.#context.clashes().get(session.id);
    showStar(this.#star, favourites, session);
    this.element.dataset.starred = String(favourites.all.has(session.id));
    show(this.#clash, other !== undefined);
    setText(this.#clash, other ? say("At the same time in your agenda: {title}", { title: other.title }) : "");
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  #times(session, { event, own, zone, otherZone, otherLabel }) {
    const { scheduled, expected, actual, state } = session;
    const day = own ? dayOf(session, event, true) : session.day;
    const start = actual.start_ms ?? expected.start_ms;
    const end = actual.end_ms ?? expected.end_ms;
    const moved = Math.abs(start - scheduled.start_ms) >= 30_000;
    setText(this.#time, clockTimeBeside(start, zone, day));
    setAttribute(this.#time, "datetime", new Date(start).toISOString());
    setText(this.#until, say("until {time}", { time: clockTime(end, zone) }));
    show(this.#until, state !== "skipped");
    show(this.#planned, moved && state !== "skipped");
    setText(this.#planned, clockTime(scheduled.start_ms, zone));
    show(this.#other, otherLabel !== "");
    setText(this.#other, `${clockTimeBeside(start, otherZone, day)} ${otherLabel}`);
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  #labels(session, { items, event, stages, showNow }) {
    const status = statusOf(session, items, showNow());
    const reason = reasonOf(session, items);
    show(this.#reason, reason !== "");
    setText(this.#reason, reason);
    const theme = event.themes.findIndex(({ id }) => id === session.theme);
    show(this.#status, status.text !== "");
    setText(this.#status, status.text);
    this.#status.dataset.tone = status.tone;
    show(this.#theme, theme >= 0);
    setText(this.#theme, event.themes[theme]?.title ?? "");
    this.#theme.dataset.hue = String(theme % 6);
    show(this.#recording, session.replay === true);
    show(this.#stage, stages);
    setText(this.#stage, event.stages.find(({ id }) => id === session.stage)?.title ?? session.stage);
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  #links(session, { eventId }) {
    const href = address(eventId, "watch", session.id);
    setText(this.#title, session.title);
    setAttribute(this.#title, "href", session.kind === "break" ? null : href);
    const label = session.kind === "break" ? "" : linkLabel(session);
    show(this.#watch, label !== "");
    setText(this.#watch, label);
    setAttribute(this.#watch, "href", href);
    setAttribute(this.#watch, "aria-label", `${this.#watch.textContent}: ${session.title}`);
    this.#watch.classList.toggle("primary", isOn(session));
  }

  /**
   * @param {Session} session
   * @param {RowContext} context
   */
  #whoSpeaks(session, { event }) {
    const speakers = speakersOf(event, session);
    const ids = JSON.stringify(speakers);
    if (ids === this.#speakerIds) return;
    this.#speakerIds = ids;
    this.#speakers.replaceChildren(...speakers.map((speaker) => speakerItem(speaker, event.id)));
    show(this.#speakers, speakers.length > 0);
  }
}

/** @param {Session} session @returns {string} what its page has now; empty: nothing that is of the moment */
function linkLabel(session) {
  if (isOn(session)) return say("Watch live");
  if (session.state === "doors_open") return say("Enter the room");
  if (session.replay) return say("Watch again");
  return session.state === "ended" && session.qa !== "off" ? say("Questions") : "";
}

/**
 * @param {import("/sdk/types.js").Speaker} speaker
 * @param {string} event whose pictures they are
 */
export function speakerItem({ id, name, role, company, photo }, event) {
  const rest = [role, company].filter(Boolean).join(", ");
  const src = pictureAddress(event, photo);
  const words = h("span", { class: "speaker-words" }, h("a", { class: "speaker", href: address(event, "speakers", id) }, name), " ", rest && h("span", { class: "quiet" }, rest));
  return h("li", {}, src && picture(src, "photo"), words);
}
