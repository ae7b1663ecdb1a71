/** Editing a session of the run sheet: choose what, see what moves, publish that. */

import { asShowcallerError } from "/sdk/index.js";

import { eventOf, sessionsOf } from "./agenda_model.js";
import { byId, h, setText, show } from "./dom.js";
import { EDIT_TEXT, SIGNALS, SOMEBODY_NEW, TIMED, commandOf, placesOn, speakerChoices, swappable } from "./edit_model.js";
import { errorText } from "./error_text.js";
import { PreviewBox } from "./preview_box.js";
import { editsIn } from "./scope_model.js";
import { field } from "./sign_in.js";
import { say } from "./words.js";
import { wallClock } from "./zones.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("./edit_model.js").EditKind} EditKind
 * @typedef {import("./edit_model.js").Option} Option
 */

/** What each does, and the button that does it. @type {Record<EditKind, [string, string]>} */
const WORDS = {
  move: [say("It goes to another time or stage; what comes after it there is pushed. Its scheduled time stays on record."), say("Publish the move")],
  swap: [say("Both take each other's stage and time, and keep their lengths."), say("Publish the swap")],
  speaker: [say("Somebody else speaks. Links that the first one was given still work: see the access page."), say("Publish the change")],
  break: [say("A break after this session, for everybody on this stage."), say("Publish the break")],
  signal: [say("Only this session's speakers see it, at once, until they have read it."), say("Send it")],
  cancel: [say("It will not take place. Everybody is told why, and it is cancelled in their calendars."), say("Cancel the session")],
};
const CHOOSE = { value: "", text: say("Choose…") };
const DONE = { move: say("Moved."), swap: say("Swapped."), speaker: say("The speaker was replaced."), break: say("A break was inserted."), cancel: say("Cancelled."), signal: say("The speakers were told.") };

export class EditDialog {
  #page;
  #session;
  #event;
  #onDone;
  #scope;
  #dialog = byId("edit", HTMLDialogElement);
  #lead = h("p", { class: "quiet small" });
  #parts;
  #preview;
  #error = h("p", { class: "error", role: "alert" });
  #publish = h("button", { class: "primary", type: "submit" });
  /** @type {EditKind} */
  #kind;
  #fields = {
    stage: h("select", { id: "edit-stage" }),
    place: h("select", { id: "edit-place" }),
    time: h("input", { id: "edit-time", type: "time" }),
    beside: h("input", { id: "edit-beside", type: "checkbox" }),
    other: h("select", { id: "edit-other" }),
    speaker: h("select", { id: "edit-speaker" }),
    replacement: h("select", { id: "edit-replacement" }),
    name: h("input", { id: "edit-name", maxlength: "100", autocomplete: "off" }),
    company: h("input", { id: "edit-company", maxlength: "100", autocomplete: "off" }),
    note: h("textarea", { id: "edit-note", rows: "2", maxlength: "280" }),
    signal: h("input", { id: "edit-signal", maxlength: "280", list: "edit-signals", value: SIGNALS[0], autocomplete: "off" }),
    minutes: h("input", { id: "edit-minutes", type: "number", min: "1", max: "240", value: "10" }),
    title: h("input", { id: "edit-break", maxlength: "60", value: say("Break"), autocomplete: "off" }),
  };

  /**
   * @param {import("./page.js").EventPage} page
   * @param {Session} session
   * @param {EditKind} kind to begin with
   * @param {(done: string) => void} onDone
   * @param {import("./scope_model.js").Scope} scope
   */
  constructor(page, session, kind, onDone, scope) {
    this.#scope = scope;
    this.#page = page;
    this.#session = session;
    this.#event = /** @type {import("/sdk/types.js").Event} */ (eventOf(page.items));
    this.#onDone = onDone;
    this.#kind = kind;
    this.#preview = new PreviewBox(page);
    this.#parts = this.#makeParts();
    this.#fill();
    const form = h("form", { class: "stack", onsubmit: (/** @type {Event} */ sent) => this.#submit(sent) }, ...this.#content());
    form.addEventListener("input", () => this.#changed());
    this.#dialog.replaceChildren(form);
    this.#choose(kind);
    this.#dialog.showModal();
    // What was asked for by a key is filled in at once.
    /** @type {HTMLElement | null} */ (form.querySelector(".field:not([hidden]) :is(input, select, textarea)"))?.focus();
  }

  #content() {
    const kinds = editsIn(this.#session, this.#scope).map((kind) => {
      const radio = h("input", { type: "radio", name: "edit-kind", value: kind, checked: kind === this.#kind });
      radio.addEventListener("change", () => this.#choose(kind));
      return h("label", {}, radio, EDIT_TEXT[kind]);
    });
    return [
      h("h2", { id: "edit-title" }, say("Edit “{title}”", { title: this.#session.title })),
      h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, say("What to do")), ...kinds),
      this.#lead,
      ...Object.values(this.#parts).flat(),
      this.#preview.element,
      this.#error,
      h("div", { class: "row" }, this.#publish, h("button", { type: "button", onclick: () => this.#dialog.close() }, say("Keep it as it is"))),
    ];
  }

  /** @returns {Record<EditKind, HTMLElement[]>} */
  #makeParts() {
    const { stage, place, time, beside, other, speaker, replacement, name, company, note, signal, minutes, title } = this.#fields;
    const signals = h("datalist", { id: "edit-signals" }, ...SIGNALS.map((text) => h("option", { value: text })));
    const besideLabel = h("label", { class: "row check" }, beside, say("Side by side with what is on then"));
    return {
      move: [field("edit-stage", say("Stage"), stage), field("edit-place", say("When"), place), field("edit-time", say("Time"), time), besideLabel],
      swap: [field("edit-other", say("With"), other)],
      speaker: [
        field("edit-speaker", say("Who can't speak"), speaker),
        field("edit-replacement", say("Who speaks instead"), replacement),
        field("edit-name", say("Name"), name),
        field("edit-company", say("Company, if any"), company),
      ],
      break: [field("edit-break", say("Called"), title), field("edit-minutes", say("Minutes"), minutes)],
      signal: [field("edit-signal", say("What the speakers are told"), signal), signals],
      cancel: [field("edit-note", say("What everybody is told"), note, say("Such as: The speaker is ill. The recording of the rehearsal will be shown tomorrow."))],
    };
  }

  #fill() {
    const { stage, other, speaker, replacement, time } = this.#fields;
    const sessions = sessionsOf(this.#page.items);
    options(stage, this.#event.stages.map(({ id, title }) => ({ value: id, text: title })));
    stage.value = this.#session.stage;
    stage.addEventListener("change", () => this.#fillPlaces());
    this.#fillPlaces();
    time.value = wallClock(this.#event, this.#session.expected.start_ms).time;
    options(other, [CHOOSE, ...swappable(sessions, this.#session, this.#event)]);
    const { now, others } = speakerChoices(this.#session, this.#event);
    options(speaker, now);
    options(replacement, others);
  }

  #fillPlaces() {
    const { stage, place } = this.#fields;
    options(place, [CHOOSE, ...placesOn(sessionsOf(this.#page.items), stage.value, this.#session.id, this.#event)]);
  }

  /** @param {EditKind} kind */
  #choose(kind) {
    this.#kind = kind;
    const [lead, button] = WORDS[kind];
    setText(this.#lead, lead);
    setText(this.#publish, button);
    this.#publish.classList.toggle("danger", kind === "cancel");
    this.#changed();
  }

  /** Shows the fields that count, and asks what they would move. */
  #changed() {
    const { stage, place, time, beside, speaker, replacement, name, company } = this.#fields;
    for (const [kind, parts] of Object.entries(this.#parts)) for (const part of parts) show(part, kind === this.#kind);
    if (this.#kind === "move") {
      show(partOf(stage), this.#event.stages.length > 1);
      for (const one of [time, beside]) show(partOf(one), place.value === TIMED);
    } else if (this.#kind === "speaker") {
      show(partOf(speaker), this.#session.speakers.length > 1);
      for (const one of [name, company]) show(partOf(one), replacement.value === SOMEBODY_NEW);
    }
    void this.#ask();
  }

  #command() {
    const fields = this.#fields;
    const form = {
      ...Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value])),
      kind: this.#kind,
      beside: fields.beside.checked,
      minutes: fields.minutes.valueAsNumber,
    };
    return commandOf(/** @type {import("./edit_model.js").EditForm} */ (form), this.#session, this.#event);
  }

  async #ask(reason = "") {
    const command = this.#command();
    this.#publish.disabled = true;
    setText(this.#error, reason);
    show(this.#preview.element, !movesNothing(this.#kind));
    if (!command) return this.#preview.clear();
    if (movesNothing(this.#kind)) return void (this.#publish.disabled = false);
    try {
      if (await this.#preview.ask(command)) this.#publish.disabled = false;
    } catch (error) {
      setText(this.#error, errorText(error));
    }
  }

  /** @param {Event} sent */
  async #submit(sent) {
    sent.preventDefault();
    const command = this.#command();
    if (!command || this.#publish.disabled) return;
    const rests = movesNothing(this.#kind) ? {} : { if_revision: this.#preview.revision };
    try {
      await this.#page.client?.commandNow(command.command, { ...command.args, ...rests });
      this.#dialog.close();
      this.#onDone(DONE[this.#kind]);
    } catch (error) {
      if (asShowcallerError(error).code === "stale_preview") await this.#ask(errorText(error));
      else setText(this.#error, errorText(error));
    }
  }
}

/** @param {EditKind} kind */
function movesNothing(kind) {
  return kind === "speaker" || kind === "signal";
}

/**
 * @param {HTMLSelectElement} select
 * @param {Option[]} found
 */
function options(select, found) {
  select.replaceChildren(...found.map(({ value, text }) => h("option", { value }, text)));
}

/** @param {HTMLElement} input */
function partOf(input) {
  return /** @type {HTMLElement} */ (input.closest(".field, label.check"));
}
