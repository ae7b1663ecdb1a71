/** Texts for somebody whose command was refused, by the error's code. */

import { asShowcallerError } from "/sdk/index.js";

/** @type {Record<string, string>} */
const TEXTS = {
  qa_closed: "This session takes no questions now.",
  own_question: "You can’t vote for your own question.",
  poll_closed: "This poll takes no votes now.",
  not_votable: "This question can no longer be voted for.",
  banned: "The organiser ended your access.",
  silenced: "A moderator has asked you to pause: you may watch and vote, but neither ask nor chat for now.",
  no_captions: "This talk has no captions in this language.",
  chat_closed: "The chat is closed now.",
  slow_mode: "The chat is in slow mode. Wait a little before you write more.",
  claimed: "Another moderator has this question in hand. Take it over if you mean to.",
  forbidden: "Your role does not allow this.",
  unavailable: "The event can’t store anything right now. Try again in a moment.",
  full: "This room is full. The picture starts by itself when there is a place.",
  storage_full: "The event can’t store anything right now. Try again in a moment.",
  not_recorded: "Nothing is recorded here.",
  not_live: "This talk can’t be rewound right now.",
  not_ended: "The replay comes when the talk has ended.",
  no_recording: "There is no recording of this talk.",
  no_hls: "This talk is sent in a format that can’t be played later.",
  overlap: "Another session is on then. Choose its start or its end, or have both side by side.",
  past: "That time has passed.",
  stale_preview: "The run sheet has changed meanwhile. Here is the new preview.",
  cannot_undo: "It can’t be undone any more: something later depends on it.",
  wrong_state: "It has changed meanwhile, so this is no longer possible.",
  too_late: "It took too long to get through, so it was not done. Try again.",
  stalled: "The server was stuck for a moment, so this was not done. Try again.",
  stopped: "You are not connected.",
  not_connected: "You are not connected: nothing was sent. Try again once you are.",
  interrupted: "The connection was lost meanwhile. Look whether it was done before you try again.",
  no_link: "This link is not valid any more. Ask for a new one.",
  link_used: "This link was used in another browser already. Ask for a new one.",
  unreachable: "The server can’t be reached now.",
};

/**
 * @param {unknown} raw
 * @returns {string}
 */
export function errorText(raw) {
  const error = asShowcallerError(raw);
  if (error.code === "rate_limited") {
    const seconds = Math.ceil((error.retryAfterMs ?? 1000) / 1000);
    return `That was fast. Try again in ${seconds} s.`;
  }
  return TEXTS[error.code] ?? sentence(error.message);
}

/** @param {string} text a message of the server, as a sentence */
export function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
