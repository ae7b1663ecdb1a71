/** Texts for somebody whose command was refused, by the error's code. */

import { asShowcallerError } from "/sdk/index.js";

import { say } from "./words.js";

/** @type {Record<string, string>} */
const TEXTS = {
  qa_closed: say("This session takes no questions now."),
  own_question: say("You can’t vote for your own question."),
  poll_closed: say("This poll takes no votes now."),
  not_votable: say("This question can no longer be voted for."),
  banned: say("The organiser ended your access."),
  silenced: say("A moderator has asked you to pause: you may watch and vote, but neither ask nor chat for now."),
  no_captions: say("This talk has no captions in this language."),
  chat_closed: say("The chat is closed now."),
  slow_mode: say("The chat is in slow mode. Wait a little before you write more."),
  claimed: say("Another moderator has this question in hand. Take it over if you mean to."),
  forbidden: say("Your role does not allow this."),
  unavailable: say("The event can’t store anything right now. Try again in a moment."),
  full: say("This room is full. The picture starts by itself when there is a place."),
  storage_full: say("The event can’t store anything right now. Try again in a moment."),
  not_recorded: say("Nothing is recorded here."),
  not_live: say("This talk can’t be rewound right now."),
  not_ended: say("The replay comes when the talk has ended."),
  no_recording: say("There is no recording of this talk."),
  no_hls: say("This talk is sent in a format that can’t be played later."),
  overlap: say("Another session is on then. Choose its start or its end, or have both side by side."),
  past: say("That time has passed."),
  stale_preview: say("The run sheet has changed meanwhile. Here is the new preview."),
  cannot_undo: say("It can’t be undone any more: something later depends on it."),
  wrong_state: say("It has changed meanwhile, so this is no longer possible."),
  too_late: say("It took too long to get through, so it was not done. Try again."),
  stalled: say("The server was stuck for a moment, so this was not done. Try again."),
  stopped: say("You are not connected."),
  not_connected: say("You are not connected: nothing was sent. Try again once you are."),
  interrupted: say("The connection was lost meanwhile. Look whether it was done before you try again."),
  no_link: say("This link is not valid any more. Ask for a new one."),
  link_used: say("This link was used in another browser already. Ask for a new one."),
  unreachable: say("The server can’t be reached now."),
};

/**
 * @param {unknown} raw
 * @returns {string}
 */
export function errorText(raw) {
  const error = asShowcallerError(raw);
  if (error.code === "rate_limited") {
    const seconds = Math.ceil((error.retryAfterMs ?? 1000) / 1000);
    return say("That was fast. Try again in {seconds} s.", { seconds });
  }
  return TEXTS[error.code] ?? sentence(error.message);
}

/** @param {string} text a message of the server, as a sentence */
export function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
