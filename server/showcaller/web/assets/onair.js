/** What is on air on one stage, on nothing: for a screen beside the stage, or as a source in OBS. It only looks. */

import { ShowcallerClient } from "/sdk/index.js";

import { byId, h, keyed, setText, show } from "./dom.js";
import { keepToken, takeToken } from "./identity.js";
import { partsOf, screenOf, sessionOnScreen, stageAsked } from "./onair_model.js";
import { EventPage } from "./page.js";
import { placeOf } from "./place.js";
import { PollBars } from "./poll_bars.js";
import { barsOf, quizText, votersText } from "./poll_model.js";
import { countdown } from "./times.js";
import { say } from "./words.js";

const place = placeOf();
const parts = partsOf(location.search);
const token = await takeToken(place.event, ["screen", "moderator", "producer"]);
const client = token === null ? null : new ShowcallerClient({ event: place.event, token, client: "showcaller-on-air" });
const page = new EventPage(place, client);
const bars = new PollBars();
/** The session whose channels are followed. */
let followed = "";

byId("poll-bars").append(bars.element);
if (client === null) {
  tell(say("This page needs its link: one for a screen, or for you as moderator or producer."));
} else {
  client.on("token", (renewed) => keepToken(place.event, renewed));
  client.on("status", ({ state }) => state === "stopped" && !page.agenda?.ready && tell(say("This link is not valid any more. Ask the organiser for a new one.")));
  client.start();
  page.onChange(render);
  page.onTick(render);
}

/** Before there is anything to show: later it would stand on the stage. @param {string} text */
function tell(text) {
  show(byId("problem"), true);
  setText(byId("problem"), text);
}

function render() {
  if (!client || page.items.size === 0) return;
  const stage = stageAsked(page.items, place.session);
  if (stage === null) return tell(say("There is no such stage at this event."));
  const session = sessionOnScreen(page.items, stage);
  if (session) follow(session.id);
  if (!followed) return undefined;
  const [room, polls] = [client.follow(`session/${followed}`), client.follow(`session/${followed}/polls`)];
  const screen = screenOf(parts, page.items, session, { room: room.items, polls: polls.items }, page.serverNow());
  renderQuestion(screen.question);
  renderPoll(screen.poll, polls.levels);
  renderSpeaker(screen.speaker);
  renderCountdown(screen.countdown);
  return undefined;
}

/** @param {string} session */
function follow(session) {
  if (session === followed || !client) return;
  for (const channel of channelsOf(followed)) client.unfollow(channel);
  followed = session;
  for (const channel of channelsOf(followed)) client.follow(channel).on("change", render);
}

/** @param {string} session */
const channelsOf = (session) => (session ? [`session/${session}`, `session/${session}/polls`] : []);

/** @param {import("./onair_model.js").Screen["question"]} question */
function renderQuestion(question) {
  show(byId("question"), question !== null);
  setText(byId("question-text"), question?.text ?? "");
  setText(byId("question-author"), question?.author ?? "");
}

/**
 * @param {import("/sdk/types.js").Poll | null} poll
 * @param {ReadonlyMap<string, number>} levels
 */
function renderPoll(poll, levels) {
  show(byId("poll"), poll !== null);
  if (!poll) return;
  const now = page.showNow();
  const left = poll.state === "open" && poll.ends_ms !== null && now !== null ? say(", {left} left", { left: countdown(poll.ends_ms - now) }) : "";
  const cloud = poll.kind === "words";
  setText(byId("poll-kind"), poll.state === "open" ? say("Vote now") : say("Results"));
  setText(byId("poll-text"), poll.text);
  setText(byId("poll-votes"), votersText(poll.id, levels) + left);
  setText(byId("poll-answer"), quizText(poll, undefined));
  show(byId("poll-bars"), poll.results && !cloud);
  show(byId("poll-cloud"), poll.results && cloud);
  show(byId("poll-options"), !poll.results && !cloud);
  if (poll.results && !cloud) bars.render(poll, levels);
  if (cloud) renderCloud(poll, levels);
  keyed(byId("poll-options"), poll.options, (option) => option, (option) => h("li", { class: "text" }, option));
}

/**
 * @param {import("/sdk/types.js").Poll} poll
 * @param {ReadonlyMap<string, number>} levels
 */
function renderCloud(poll, levels) {
  const words = barsOf(poll, levels).sort((a, b) => (a.label < b.label ? -1 : 1)); // in their places, however they do
  keyed(byId("poll-cloud"), words, ({ key }) => key, ({ label }) => h("li", { class: "text" }, label), (item, { share }) => item.style.setProperty("--share", share.toFixed(3)));
}

/** @param {import("./onair_model.js").Screen["speaker"]} speaker */
function renderSpeaker(speaker) {
  show(byId("speaker"), speaker !== null);
  setText(byId("speaker-names"), speaker?.names || speaker?.title || "");
  setText(byId("speaker-about"), speaker?.about ?? "");
  setText(byId("speaker-title"), speaker?.names ? speaker.title : "");
}

/** @param {import("./onair_model.js").Screen["countdown"]} next */
function renderCountdown(next) {
  const now = page.showNow();
  show(byId("countdown"), next !== null && now !== null);
  if (!next || now === null) return;
  const leftMs = next.untilMs - now;
  setText(byId("countdown-kind"), leftMs > 0 ? say("Starts in") : say("Starts any moment"));
  setText(byId("countdown-left"), leftMs > 0 ? countdown(leftMs) : "");
  setText(byId("countdown-title"), next.title);
}
