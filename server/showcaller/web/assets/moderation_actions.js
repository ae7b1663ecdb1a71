/** What a moderator does to questions and their authors: the dialogs, the commands, and what takes them back. */

import { shorten } from "./agenda_model.js";
import { askChoice, askTerm, askText, askWhether } from "./ask_dialog.js";
import { byId, h, setText, show } from "./dom.js";
import { errorText } from "./error_text.js";
import { ACTION_TEXT, labelSteps, labelsIn, openQuestionsOf, undoSteps } from "./moderation_model.js";
import { say, sayCount } from "./words.js";

/**
 * @typedef {import("./moderation_model.js").Action} Action
 * @typedef {import("./moderation_model.js").BoardQuestion} BoardQuestion
 * @typedef {import("./moderation_model.js").Step} Step
 * @typedef {import("./claims.js").Claims} Claims
 * @typedef {import("/sdk/index.js").ShowcallerClient} ShowcallerClient
 *
 * @typedef {object} Done something that can be taken back
 * @property {string} text
 * @property {Step[]} steps
 * @property {BoardQuestion | null} rejected that a reason may be given for
 *
 * @typedef {object} Board what the page shows
 * @property {(session: string) => string | undefined} onAir
 * @property {() => BoardQuestion[]} questions all of them
 * @property {(question: BoardQuestion) => BoardQuestion[]} similar
 */

/** What is done with a question once it is done: then one lets go of it. @type {ReadonlySet<Action>} */
const FINISHES = new Set(["approve", "reject", "rejectWith", "answered", "erase", "merge"]);
/** What a removal can't keep somebody from. @type {Record<string, string>} */
const BAN_HOLDS = {
  until_they_register_with_a_code: say("With another invite code they could come in as somebody else."),
  until_they_register_again: say("Registration is open, so they could come in as somebody else."),
};
const SENDING_AFTER_MS = 400; // a reply that takes longer is waited for in words
const CHOICES = 60; // to merge with

export class ModerationActions {
  #client;
  #claims;
  #board;
  /** @type {Done[]} */
  #done = [];
  /** Commands without an answer yet: an undo means the last of them. @type {Set<Promise<unknown>>} */
  #sent = new Set();

  /**
   * @param {ShowcallerClient} client
   * @param {Claims} claims
   * @param {Board} board
   */
  constructor(client, claims, board) {
    this.#client = client;
    this.#claims = claims;
    this.#board = board;
    byId("undo").addEventListener("click", () => void this.undo());
    byId("add-reason").addEventListener("click", () => void this.#addReason());
  }

  /**
   * @param {Action} action
   * @param {BoardQuestion} question
   */
  async act(action, question) {
    const { id } = question;
    const { moderate } = this.#client;
    switch (action) {
      case "rejectWith":
        return this.#ask("reject", action, question, (text) => moderate.reject(id, text), {
          title: say("Reject with a reason"),
          label: say("Reason, which the author sees"),
          button: say("Reject"),
          value: question.reason ?? "",
        });
      case "reply":
        return this.#ask("reply", action, question, (text) => moderate.reply(id, text), {
          title: say("Reply in writing"),
          label: say("Reply, which everybody sees (empty removes it)"),
          button: say("Save"),
          value: question.reply ?? "",
        });
      case "clarify":
        return this.#ask("clarify", action, question, (text) => moderate.clarify(id, text || (question.original ?? question.text)), {
          title: say("Put it more clearly"),
          label: say("What everybody sees instead (empty restores what was asked)"),
          button: say("Save"),
          value: question.text,
          about: question.original ?? question.text,
        });
      case "label":
        return this.#label(question);
      case "merge":
        return this.#merge(question);
      case "claim":
      case "takeOver":
        return this.#run(() => this.#claims.take(id, action === "takeOver" ? { take_over: true } : {}), action, question);
      case "release":
        return this.#run(() => (this.#claims.has(id) ? this.#claims.letGo(id) : moderate.release(id)), action, question);
      case "erase":
        return this.#erase(question);
      case "ban":
        return this.#remove(question);
      case "silence":
        return this.#silence(question);
      case "rejectAll":
        return this.#rejectAll(question);
      default:
        return this.#run(() => this.#step({ name: action, id: action === "unban" || action === "unsilence" ? question.person : id }), action, question);
    }
  }

  /**
   * Has it count for another one.
   *
   * @param {BoardQuestion} question
   * @param {string} into
   */
  async mergeInto(question, into) {
    const { id } = question;
    await this.#run(() => this.#client.moderate.merge(id, into), "merge", question);
  }

  /**
   * Takes a merged one out again.
   *
   * @param {import("/sdk/types.js").ModeratedQuestion} merged
   */
  async takeOut(merged) {
    const into = merged.merged_into ?? "";
    await this.#send(() => this.#client.moderate.unmerge(merged.id), say("Taken out again “{text}”.", { text: shorten(merged.text, 60) }), [{ name: "merge", id: merged.id, text: into }]);
  }

  /**
   * Asks for a text while nobody else can work on the question.
   *
   * @param {string} dialog
   * @param {Action} action
   * @param {BoardQuestion} question
   * @param {(text: string) => Promise<unknown>} command
   * @param {{title: string, label: string, button: string, value: string, about?: string}} words
   */
  async #ask(dialog, action, question, command, words) {
    const had = this.#claims.has(question.id);
    const claimed = this.#claim(question);
    const text = await askText(dialog, { about: question.text, ...words }, claimed);
    if (await claimed) return;
    if (text !== null) await this.#run(() => command(text), action, question);
    // A reply keeps the others away for a while, even though it is given.
    if (!had && (text === null || action !== "reply")) await this.#claims.letGo(question.id);
  }

  /** @param {BoardQuestion} question @returns {Promise<string>} what speaks against it; empty: it is in hand */
  async #claim({ id }) {
    try {
      await this.#claims.take(id);
      return "";
    } catch (error) {
      this.#fail(error);
      return errorText(error);
    }
  }

  /** @param {BoardQuestion} question */
  async #label(question) {
    const { id, labels = [] } = question;
    const typed = await askText("labels", {
      title: say("Labels"),
      label: say("Labels, apart by commas; only moderators see them"),
      button: say("Save"),
      value: labels.join(", "),
      about: question.text,
    });
    if (typed === null) return;
    const steps = labelSteps(id, labels, labelsIn(typed));
    await this.#run(() => this.#take(steps), "label", question, labelSteps(id, labelsIn(typed), labels));
  }

  /** @param {BoardQuestion} question */
  async #merge(question) {
    const similar = this.#board.similar(question);
    const others = this.#board.questions().filter((one) => canAbsorb(one, question) && !similar.includes(one));
    const choices = [...similar, ...others.sort((a, b) => b.votes - a.votes)].slice(0, CHOICES);
    if (choices.length === 0) return this.#say(say("There is no other question to merge it with."));
    const into = await askChoice("merge", {
      title: say("Merge with another question"),
      about: question.text,
      text: say("It counts for the one that you choose, with its votes, one a person. It can be taken out again."),
      label: say("The question that stands for both"),
      button: say("Merge"),
      choices: choices.map(({ id, text, votes }) => ({ value: id, text: `${shorten(text, 120)} (${votes})` })),
    });
    if (into) await this.mergeInto(question, into);
    return undefined;
  }

  /** @param {BoardQuestion} question */
  async #erase(question) {
    const text = say("Its text is removed from everybody’s page and from the event’s records. This can’t be undone.");
    const meant = await askWhether("erase", { title: say("Erase this question?"), text, about: question.text, button: say("Erase it") });
    if (meant) await this.#run(() => this.#client.moderate.erase(question.id), "erase", question);
  }

  /** @param {BoardQuestion} question */
  async #remove(question) {
    const { author, person } = question;
    const asked = openQuestionsOf(this.#board.questions(), person);
    const also = h("input", { type: "checkbox" });
    const term = await askTerm("remove", {
      title: say("Remove {author} from the event?", { author: author || say("the author") }),
      about: question.text,
      text: say("They are sent out at once, and stay out for as long as you say, or until you let them back in."),
      label: say("Reason, for other moderators"),
      button: say("Remove"),
      more: h("label", { class: "check" }, also, sayCount(asked.length, "Also reject this question", "Also reject their {count} open questions")),
    });
    if (!term) return;
    const rejects = also.checked ? asked : [];
    const ban = async () => {
      const { holds } = await this.#client.moderate.ban(person, term);
      for (const { id } of rejects) await this.#client.moderate.reject(id);
      return BAN_HOLDS[holds];
    };
    await this.#run(ban, "ban", question, rejects.flatMap((one) => undoSteps("reject", /** @type {BoardQuestion} */ (one), undefined)));
  }

  /** @param {BoardQuestion} question */
  async #silence(question) {
    const { author, person } = question;
    const term = await askTerm("silence", {
      title: say("Keep {author} from asking?", { author: author || say("the author") }),
      about: question.text,
      text: say("They may still watch and vote. It ends by itself, or when you let them ask again."),
      label: say("Reason, which they see"),
      button: say("Silence"),
    });
    if (term) await this.#run(() => this.#client.moderate.silence(person, term), "silence", question);
  }

  /** @param {BoardQuestion} question */
  async #rejectAll(question) {
    const address = h("input", { type: "checkbox" });
    const bans = h("input", { type: "checkbox" });
    const meant = await askWhether("reject-all", {
      title: say("Reject all that {author} asked?", { author: question.author || say("the author") }),
      about: question.text,
      text: say("All their questions that wait for an answer are rejected, in all sessions. Each can be restored by itself."),
      button: say("Reject them"),
      more: h(
        "div",
        { class: "stack" },
        h("label", { class: "check" }, address, say("Also those of everybody who came over the same address")),
        h("label", { class: "check" }, bans, say("Also remove who asked them from the event")),
      ),
    });
    if (!meant) return;
    const reject = async () => {
      const answer = await this.#client.moderate.rejectAll(question.id, address.checked ? "address" : "person", { ban: bans.checked });
      const { rejected, banned } = /** @type {{rejected: number, banned: number}} */ (answer);
      return banned ? say("{rejected} rejected, {banned} removed.", { rejected, banned }) : say("{rejected} rejected.", { rejected });
    };
    await this.#run(reject, "rejectAll", question);
  }

  // Running and taking back ----------------------------------------------------------------------------

  /**
   * Runs a command, says how it went, and remembers what takes it back.
   *
   * @param {() => Promise<unknown>} command what it returns as a text is said too
   * @param {Action} action
   * @param {BoardQuestion} question as it is before
   * @param {Step[]} [further] that takes back what else it does
   */
  async #run(command, action, question, further = []) {
    const aboutPerson = ["ban", "unban", "silence", "unsilence"].includes(action);
    const about = aboutPerson ? `: ${question.author}` : ` “${shorten(question.text, 60)}”`;
    const steps = [...undoSteps(action, question, this.#board.onAir(question.session)), ...further];
    const rejected = action === "reject" ? question : null;
    const went = await this.#send(command, `${ACTION_TEXT[action].done}${about}.`, steps, rejected);
    if (went && FINISHES.has(action)) await this.#claims.letGo(question.id);
  }

  /**
   * @param {() => Promise<unknown>} command
   * @param {string} text
   * @param {Step[]} steps
   * @param {BoardQuestion | null} [rejected]
   */
  #send(command, text, steps, rejected = null) {
    const sent = this.#attempt(command, text, steps, rejected).finally(() => this.#sent.delete(sent));
    this.#sent.add(sent);
    return sent;
  }

  /**
   * @param {() => Promise<unknown>} command
   * @param {string} text
   * @param {Step[]} steps
   * @param {BoardQuestion | null} rejected
   */
  async #attempt(command, text, steps, rejected) {
    const sending = setTimeout(() => setText(byId("did"), say("Sending…")), SENDING_AFTER_MS);
    try {
      const answer = await command();
      const more = typeof answer === "string" ? ` ${answer}` : "";
      this.#done.push({ text: `${text}${more}`, steps, rejected });
      this.#say(this.#done.at(-1)?.text ?? "");
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    } finally {
      clearTimeout(sending);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    setText(byId("did"), "");
    setText(byId("error"), errorText(error));
  }

  /** @param {string} text what was done */
  #say(text) {
    setText(byId("error"), "");
    setText(byId("did"), text);
    const last = this.#done.at(-1);
    byId("undo", HTMLButtonElement).disabled = !last?.steps.length;
    show(byId("add-reason"), Boolean(last?.rejected) && text === last?.text);
  }

  async undo() {
    await Promise.allSettled(this.#sent);
    const last = this.#done.at(-1);
    if (!last?.steps.length) return;
    this.#done.pop();
    try {
      await this.#take(last.steps);
      this.#say(say("Taken back: {text}", { text: last.text }));
    } catch (error) {
      this.#say("");
      setText(byId("error"), errorText(error));
    }
  }

  /** @param {Step[]} steps */
  async #take(steps) {
    for (const step of steps) await this.#step(step);
  }

  /** @param {Step | {name: Action, id: string, text?: string}} step @returns {Promise<unknown>} */
  #step({ name, id, text = "" }) {
    const { moderate } = this.#client;
    switch (name) {
      case "reject":
      case "reply":
      case "clarify":
      case "merge":
      case "label":
        return moderate[name](id, text);
      case "unlabel":
        return moderate.label(id, text, false);
      case "unpin":
        return moderate.pin(id, false);
      case "unsend":
        return moderate.send(id, false);
      default:
        return /** @type {any} */ (moderate)[name](id);
    }
  }

  /** To the question that was rejected just now. */
  async #addReason() {
    const rejected = this.#done.at(-1)?.rejected;
    if (rejected) await this.act("rejectWith", rejected);
  }
}

/**
 * Whether one may stand for another.
 *
 * @param {BoardQuestion} one
 * @param {BoardQuestion} other
 */
export function canAbsorb(one, other) {
  return one.id !== other.id && one.session === other.session && one.state !== "rejected" && one.state !== "withdrawn";
}
