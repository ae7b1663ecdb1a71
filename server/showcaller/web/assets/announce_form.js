/** The form that makes an announcement: now or at a time, to all, to one session's audience or to its speakers alone. */

import { eventOf, isOn, sessionsOf, shorten } from "./agenda_model.js";
import { h, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { ANNOUNCEMENT, graphemes, lengthProblem } from "./grapheme_text.js";
import { field } from "./sign_in.js";
import { clockTime, wallClock, zonedInstant } from "./times.js";
import { say } from "./words.js";

const TO_SPEAKERS = "speakers:"; // before the session's id

/**
 * @param {string} chosen
 * @returns {{session?: string, to?: "speakers"}}
 */
function recipients(chosen) {
  if (!chosen) return {};
  return chosen.startsWith(TO_SPEAKERS) ? { session: chosen.slice(TO_SPEAKERS.length), to: "speakers" } : { session: chosen };
}

export class AnnounceForm {
  #page;
  #offered = "";
  #text = h("textarea", { id: "announce-text", rows: "2", required: true });
  #audience = h("select", { id: "announce-audience" }, h("option", { value: "" }, say("Everybody")));
  #when = h("select", { id: "announce-when" }, h("option", { value: "now" }, say("Now")), h("option", { value: "at" }, say("At a time")));
  #time = h("input", { id: "announce-time", type: "time" });
  #timeField = field("announce-time", say("Show time"), this.#time);
  #count = h("span", { class: "small quiet times" });
  #error = h("p", { class: "error", role: "alert" });
  #note = h("p", { class: "note", role: "status" });
  #send = h("button", { class: "primary", type: "submit" }, say("Announce"));

  /**
   * @param {import("./page.js").EventPage} page
   * @param {HTMLElement} container
   */
  constructor(page, container) {
    this.#page = page;
    show(this.#timeField, false);
    this.#text.addEventListener("input", () => this.#typed());
    this.#when.addEventListener("change", () => this.#chooseWhen());
    this.#audience.addEventListener("focus", () => this.fillAudience());
    const submit = (/** @type {Event} */ submitted) => {
      submitted.preventDefault();
      void this.#submit();
    };
    container.replaceChildren(
      h(
        "form",
        { class: "stack", onsubmit: submit },
        field("announce-text", say("Text"), this.#text),
        h("div", { class: "pair" }, field("announce-audience", say("To"), this.#audience), field("announce-when", say("When"), this.#when), this.#timeField),
        this.#error,
        h("div", { class: "row" }, this.#send, this.#count),
        this.#note,
      ),
    );
    page.agenda?.on("change", () => this.fillAudience());
  }

  /** Offers the sessions there are. */
  fillAudience() {
    const sessions = sessionsOf(this.#page.items).filter(({ kind }) => kind !== "break");
    const backstage = sessions.filter((session) => isOn(session) || session.state === "doors_open");
    const offered = JSON.stringify([sessions.map(({ id }) => id), backstage.map(({ id }) => id)]);
    if (offered === this.#offered) return;
    this.#offered = offered;
    const chosen = this.#audience.value;
    this.#audience.replaceChildren(
      new Option(say("Everybody"), ""),
      ...backstage.map(({ id, title }) => new Option(say("Only speakers of “{title}”", { title: shorten(title, 50) }), TO_SPEAKERS + id)),
      ...sessions.map(({ id, title }) => new Option(say("Audience of “{title}”", { title: shorten(title, 50) }), id)),
    );
    this.#audience.value = chosen;
    if (this.#audience.selectedIndex < 0) this.#audience.value = "";
  }

  #typed() {
    const count = graphemes(this.#text.value);
    setText(this.#count, count > ANNOUNCEMENT.graphemes / 2 ? say("{count} of {graphemes}", { count, graphemes: ANNOUNCEMENT.graphemes }) : "");
    setText(this.#error, "");
    setText(this.#note, "");
  }

  #chooseWhen() {
    const planned = this.#when.value === "at";
    show(this.#timeField, planned);
    setText(this.#send, planned ? say("Plan it") : say("Announce"));
    if (planned && !this.#time.value) this.#time.value = this.#wallClock(5 * 60_000).time;
  }

  #zone() {
    return eventOf(this.#page.items) ?? "UTC";
  }

  /** @param {number} aheadMs */
  #wallClock(aheadMs) {
    return wallClock(this.#zone(), (this.#page.showNow() ?? 0) + aheadMs);
  }

  /** Show time of the chosen time, today. */
  #plannedMs() {
    return zonedInstant(this.#zone(), this.#wallClock(0).day, this.#time.value);
  }

  /**
   * @param {string} announcement that was planned just now
   * @param {number} atMs
   */
  #offerToCancel(announcement, atMs) {
    const cancel = async () => {
      try {
        await this.#page.client?.moderate.cancelAnnouncement(announcement);
        setText(this.#note, say("Cancelled."));
      } catch (error) {
        setText(this.#note, errorText(error));
      }
    };
    const button = h("button", { class: "compact", type: "button", onclick: () => void cancel() }, say("Cancel it"));
    this.#note.replaceChildren(`${say("Planned for {time}.", { time: clockTime(atMs, this.#zone()) })} `, button);
  }

  async #submit() {
    const planned = this.#when.value === "at";
    const problem = lengthProblem(this.#text.value, ANNOUNCEMENT) || (planned && !this.#time.value ? say("Choose a time.") : "");
    if (problem) return setText(this.#error, problem);
    this.#send.disabled = true;
    try {
      const session = this.#audience.value;
      const atMs = planned ? this.#plannedMs() : 0;
      const options = { ...recipients(session), ...(planned && { at_ms: atMs }) };
      const made = await this.#page.client?.moderate.announce(this.#text.value, options);
      this.#text.value = "";
      this.#typed();
      if (planned) this.#offerToCancel(String(made?.announcement), atMs);
      else setText(this.#note, say("Announced."));
    } catch (error) {
      setText(this.#error, errorText(error));
    } finally {
      this.#send.disabled = false;
    }
    return undefined;
  }
}
