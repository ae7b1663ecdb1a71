/**
 * Joins an event, follows its agenda and asks a question. Serve this folder's parent on any port and
 * start the server with `--allow-origin` of that address.
 */

import { ShowcallerClient, asShowcallerError, register } from "../src/index.js";

/** @param {string} id */
const byId = (id) => /** @type {any} */ (document.getElementById(id));

byId("join").addEventListener("submit", async (/** @type {Event} */ submitted) => {
  submitted.preventDefault();
  try {
    await join(byId("server").value, byId("event").value, byId("name").value);
    byId("join").hidden = true;
  } catch (error) {
    byId("status").textContent = asShowcallerError(error).message;
  }
});

/**
 * @param {string} url
 * @param {string} event
 * @param {string} name
 */
async function join(url, event, name) {
  const { token } = await register({ url, event, name });
  const client = new ShowcallerClient({ url, event, token });
  client.on("status", ({ state, reason }) => {
    byId("status").textContent = reason ? `${state}: ${reason.code}` : state;
  });
  const agenda = client.follow("agenda");
  agenda.on("change", () => showAgenda(agenda.items));
  agenda.on("event", (cue) => {
    byId("answer").textContent = `${cue.session}: ${cue.cue}`;
  });
  byId("ask").addEventListener("submit", (/** @type {Event} */ submitted) => {
    submitted.preventDefault();
    void ask(client);
  });
  client.start();
}

/** @param {ShowcallerClient} client */
async function ask(client) {
  try {
    const { state } = await client.ask(byId("session").value, byId("question").value);
    byId("answer").textContent = `Your question is ${state}.`;
    byId("question").value = "";
  } catch (error) {
    byId("answer").textContent = asShowcallerError(error).message;
  }
}

/** @param {ReadonlyMap<string, any>} items */
function showAgenda(items) {
  byId("title").textContent = items.get("event")?.title ?? "";
  const sessions = [...items].filter(([key]) => key.startsWith("session:")).map(([, session]) => session);
  byId("sessions").replaceChildren(...sessions.map(({ title, state }) => listItem(`${title} (${state})`)));
  if (byId("session").options.length === 0) {
    byId("session").append(...sessions.map(({ id, title }) => new Option(title, id)));
  }
  byId("ask").hidden = false;
}

/** @param {string} text */
function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
