/** The check list on the produce page: ticked, typed and removed here, and shared with all who produce. */

import { checkGroups, checksIn, checksText, tickedText } from "./check_list_model.js";
import { byId, h, keyed, setText, show } from "./dom.js";
import { clockTime } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {import("./check_list_model.js").Check} Check
 * @typedef {import("./check_list_model.js").CheckGroup} CheckGroup
 * @typedef {import("/sdk/types.js").Session} Session
 *
 * @typedef {object} CheckNeeds
 * @property {import("./page.js").EventPage} page
 * @property {(command: () => Promise<unknown>, done: string) => Promise<void>} run says how a command went
 * @property {boolean} wholeEvent whether items of the whole event may be typed
 */

export class CheckList {
  #needs;
  #text = byId("check-text", HTMLInputElement);
  #session = byId("check-session", HTMLSelectElement);
  #open = byId("check-open", HTMLInputElement);
  /** @type {Check[]} */
  #checks = [];
  /** @type {Session[]} */
  #sessions = [];

  /** @param {CheckNeeds} needs */
  constructor(needs) {
    this.#needs = needs;
    this.#open.addEventListener("change", () => this.#render());
    byId("check-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.#add();
    });
  }

  /**
   * @param {ReadonlyMap<string, any>} desk items of the producer's channel
   * @param {Session[]} sessions in their order
   */
  render(desk, sessions) {
    this.#checks = checksIn(desk);
    this.#sessions = sessions;
    this.#render();
  }

  get checks() {
    return this.#checks;
  }

  #render() {
    const groups = checkGroups(this.#checks, this.#sessions, this.#open.checked);
    setText(byId("checks-count"), checksText(this.#checks));
    show(byId("check-open-label"), this.#checks.length > 0);
    show(byId("checks-empty"), this.#checks.length === 0);
    keyed(byId("checks"), groups, ({ key }) => key || "event", newGroup, (element, group) => this.#updateGroup(element, group));
    const whole = this.#needs.wholeEvent ? [{ id: "", title: say("The whole event") }] : [];
    const option = (/** @type {{id: string}} */ { id }) => h("option", { value: id });
    keyed(this.#session, [...whole, ...this.#sessions], ({ id }) => id || "event", option, (element, { title }) => setText(element, title));
  }

  /**
   * @param {HTMLElement} element
   * @param {CheckGroup} group
   */
  #updateGroup(element, { title, items }) {
    const [heading, list] = element.children;
    if (heading) setText(heading, title);
    if (list) keyed(list, items, ({ id }) => id, (check) => this.#newItem(check), updateItem);
  }

  /** @param {Check} check */
  #newItem({ id, typed, text }) {
    const { page, run } = this.#needs;
    const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
    const box = h("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      const on = box.checked;
      box.checked = !on; // as the log says, which answers soon
      void run(() => client.produce.tick(id, on), on ? say("Done: {text}", { text }) : say("Not done: {text}", { text }));
    });
    const remove = h("button", { class: "compact plain", type: "button", "aria-label": say("Remove “{text}”", { text }) }, say("Remove"));
    remove.addEventListener("click", () => void run(() => client.produce.removeCheck(id), say("Removed: {text}", { text })));
    return h("li", {}, h("label", { class: "check" }, box, h("span", {}, text)), h("span", { class: "small quiet times" }), typed && remove);
  }

  async #add() {
    const text = this.#text.value.trim();
    if (!text) return;
    const { page, run } = this.#needs;
    const client = /** @type {import("/sdk/index.js").ShowcallerClient} */ (page.client);
    const session = this.#session.value;
    await run(async () => {
      await client.produce.addCheck(text, session || undefined);
      this.#text.value = "";
    }, say("On the list: {text}", { text }));
  }
}

function newGroup() {
  return h("li", {}, h("h3", {}), h("ul", { class: "plain-list check-items" }));
}

/**
 * @param {HTMLElement} item
 * @param {Check} check
 */
function updateItem(item, check) {
  const box = item.querySelector("input");
  if (box) box.checked = check.ticked !== null;
  item.dataset.ticked = String(check.ticked !== null);
  const said = item.querySelector(".times");
  if (said) setText(said, tickedText(check, clockTime));
}
