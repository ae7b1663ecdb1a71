/** Reminders, as a part of one's own menu: in this browser while no page is open, and by mail, where the organiser offers that. */

import { changeReminders, confirmMail, fetchReminders, stopMail } from "/sdk/index.js";

import { h, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { keyBytes, mailHint, pushState } from "./reminders_model.js";
import { say } from "./words.js";

const WORKER = "/push_worker.js";

/**
 * @typedef {import("./reminders_model.js").Reminders} Reminders
 * @typedef {import("/sdk/index.js").ShowcallerClient} Client
 */

/** Until it is known. @type {Reminders} */
const NOTHING = { push_key: "", push: [], mail_offered: false, mail: "", confirmed: false };

export class RemindersMenu {
  #event;
  #client;
  /** @type {Reminders | null} */
  #reminders = null;
  #endpoint = "";
  /** Beginnings and ends of changes: what was read across one of them may be older than its answer. */
  #turns = 0;
  #push = h("input", { type: "checkbox", id: "remind-push" });
  #pushRow = h("label", { class: "check" }, this.#push, ` ${say("Remind me in this browser")}`);
  #pushHint = h("p", { class: "quiet" });
  #address = h("input", { type: "email", id: "remind-mail", autocomplete: "email", maxlength: "254", required: true });
  #mailRow = h("form", { class: "stack" }, h("label", { for: "remind-mail" }, say("Remind me by mail")), h("div", { class: "row" }, this.#address, h("button", { class: "compact", type: "submit" }, say("Send me a link"))));
  #mailHint = h("p", { class: "quiet" });
  #noMail = h("button", { class: "compact", type: "button" }, say("No more mails"));
  #note = h("p", { role: "status" });

  /**
   * @param {string} event
   * @param {Client} client
   * @param {Promise<void>} linkTaken what a mail's link is for has been done: what is chosen is read after it
   */
  constructor(event, client, linkTaken) {
    this.#event = event;
    this.#client = client;
    this.element = h(
      "section",
      { class: "stack reminders", "aria-labelledby": "reminders-title" },
      h("h2", { id: "reminders-title" }, say("Reminders")),
      h("p", { class: "quiet" }, say("Of what you starred, shortly before it starts, wherever it has moved. The pages here always remind you.")),
      this.#pushRow,
      this.#pushHint,
      this.#mailRow,
      this.#mailHint,
      this.#noMail,
      this.#note,
    );
    this.#render();
    this.#push.addEventListener("change", () => void this.#run(() => (this.#push.checked ? this.#subscribe() : this.#unsubscribe())));
    this.#mailRow.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.#run(() => this.#change("mail", { address: this.#address.value }));
    });
    this.#noMail.addEventListener("click", () => void this.#run(() => this.#change("mail/forget")));
    client.on("welcome", () => void this.#run(() => linkTaken.then(() => this.#read())));
  }

  async #read() {
    const turns = this.#turns;
    const reminders = await fetchReminders(this.#place());
    if (turns !== this.#turns) return;
    this.#reminders = reminders;
    const subscription = await (await registered())?.pushManager.getSubscription();
    this.#endpoint = subscription?.endpoint ?? "";
    // The server may have lost it, or a newer browser has taken its place: what this one wants, it says again.
    if (subscription && reminders.push_key && !reminders.push.includes(this.#endpoint)) await this.#change("push", subscription.toJSON());
    this.#render();
  }

  async #subscribe() {
    if (!this.#reminders) return;
    const registration = await navigator.serviceWorker.register(WORKER);
    await navigator.serviceWorker.ready;
    const applicationServerKey = keyBytes(this.#reminders.push_key);
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    this.#endpoint = subscription.endpoint;
    await this.#change("push", subscription.toJSON());
  }

  async #unsubscribe() {
    const subscription = await (await registered())?.pushManager.getSubscription();
    await subscription?.unsubscribe();
    if (this.#endpoint) await this.#change("push/forget", { endpoint: this.#endpoint });
    this.#endpoint = "";
  }

  /**
   * @param {"push" | "push/forget" | "mail" | "mail/forget"} what
   * @param {object} [body]
   */
  async #change(what, body = {}) {
    this.#turns += 1;
    try {
      this.#reminders = await changeReminders({ ...this.#place(), what, body });
    } finally {
      this.#turns += 1;
    }
    this.#render();
  }

  /** @param {() => Promise<void>} work */
  async #run(work) {
    setText(this.#note, "");
    try {
      await work();
    } catch (raw) {
      setText(this.#note, raw instanceof DOMException ? say("This browser did not allow it.") : errorText(raw));
    }
    this.#render();
  }

  #place() {
    return { event: this.#event, token: this.#client.token };
  }

  #render() {
    const reminders = this.#reminders ?? NOTHING;
    const browser = { supported: supportsPush(), permission: supportsPush() ? Notification.permission : "default", endpoint: this.#endpoint };
    const push = pushState(reminders, /** @type {import("./reminders_model.js").Browser} */ (browser));
    show(this.#pushRow, push.shown);
    show(this.#pushHint, push.shown && push.hint !== "");
    this.#push.checked = push.on;
    this.#push.disabled = !push.can;
    setText(this.#pushHint, push.hint);
    show(this.#mailRow, reminders.mail_offered && reminders.mail === "");
    show(this.#noMail, reminders.mail !== "");
    show(this.#mailHint, reminders.mail !== "");
    setText(this.#mailHint, mailHint(reminders));
  }
}

function supportsPush() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function registered() {
  return supportsPush() ? navigator.serviceWorker.getRegistration("/") : undefined;
}

/**
 * Does what a link in a mail is for, and says so.
 *
 * @param {string} event
 * @param {HTMLElement} note
 */
export async function takeMailLink(event, note) {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const [confirms, stops] = [fragment.get("confirm-mail"), fragment.get("stop-mail")];
  if (!confirms && !stops) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  try {
    if (confirms) await confirmMail({ event, code: confirms });
    else await stopMail({ event, code: stops ?? "" });
    setText(note, confirms ? say("Reminders of what you star come by mail now.") : say("You get no more reminders by mail."));
  } catch (raw) {
    setText(note, errorText(raw));
  }
  show(note, true);
}
