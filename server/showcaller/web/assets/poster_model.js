/** The poster in the place of the picture while there is none. Pure. */

import { isAhead, isHeldUp, isOn, isOver, nextSession, sessionsOf } from "./agenda_model.js";
import { say } from "./words.js";

/**
 * @typedef {import("/sdk/types.js").Session} Session
 * @typedef {import("/sdk/types.js").StageState} StageState
 *
 * @typedef {object} Poster
 * @property {string} kind
 * @property {string} title
 * @property {number | null} untilMs show time to count down to
 * @property {string} hint
 * @property {Session | null} link a session to go to
 *
 * @typedef {object} Picture what the video does
 * @property {import("/sdk/media_session.js").MediaState | null} state null: no connection is wanted
 * @property {boolean} playing frames are shown
 * @property {boolean} still nothing has arrived for some seconds
 * @property {boolean} soundOnly no picture is wanted
 * @property {string} unplayable what the picture is coded in, where this browser can't show that; else empty
 * @property {string} problem why it failed
 */

/**
 * @param {Session} session the one of the page
 * @param {StageState | undefined} stage
 * @param {ReadonlyMap<string, any>} items
 * @param {Picture} picture
 * @param {number} showNow
 * @returns {Poster | null} null: show the picture
 */
export function posterOf(session, stage, items, picture, showNow) {
  const shown = stage?.session === session.id ? session : undefined;
  if (!shown) return emptyStage(session, items, showNow); // nothing, or another one: its picture is not this page's
  const moves = picture.state === "connected" && picture.playing && !picture.still;
  if (isAhead(shown) && !moves) return startsIn(shown, showNow); // who publishes already is in the green room
  if (!shown.on_air) return offAir(shown, items);
  if (picture.state === "failed") return poster(say("No picture"), shown.title, { hint: picture.problem });
  if (picture.state === "connected" && picture.unplayable && !picture.soundOnly) return cannotShow(shown, picture);
  if (picture.state === "connected" && (picture.playing || picture.soundOnly)) return whileConnected(shown, picture);
  if (picture.state === "reconnecting") return poster(say("Reconnecting…"), shown.title, { hint: picture.problem || say("The picture was lost and comes back by itself.") });
  return poster(say("Connecting…"), shown.title);
}

/**
 * @param {Session} session whose replay is shown
 * @param {Picture} picture
 * @returns {Poster | null} null: show the picture
 */
export function replayPoster(session, picture) {
  if (picture.state === "failed") return poster(say("The replay can’t be played"), session.title, { hint: picture.problem });
  return picture.playing ? null : poster(say("The replay is coming…"), session.title);
}

/**
 * @param {Session} shown
 * @param {Picture} picture
 */
function cannotShow(shown, picture) {
  const hint = say("The speaker sends {unplayable}, which this browser does not play. The sound goes on; another browser may show it.", { unplayable: picture.unplayable });
  return poster(say("This browser can't show the picture"), shown.title, { hint });
}

/**
 * @param {Session} shown
 * @param {Picture} picture
 */
function whileConnected(shown, picture) {
  if (picture.still) return poster(say("The picture stopped"), shown.title, { hint: say("It comes back by itself.") });
  if (!picture.soundOnly) return null;
  return poster(say("Sound only"), shown.title, { hint: say("Choose another quality to see the picture.") });
}

/**
 * @param {string} kind
 * @param {string} title
 * @param {Partial<Poster>} [more]
 * @returns {Poster}
 */
function poster(kind, title, more = {}) {
  return { kind, title, untilMs: null, hint: "", link: null, ...more };
}

/**
 * @param {Session} session
 * @param {ReadonlyMap<string, any>} items
 * @param {number} showNow
 */
function emptyStage(session, items, showNow) {
  if (session.state === "upcoming") {
    return poster(say("Doors open in"), session.title, {
      untilMs: session.doors_open_ms,
      hint: say("Stay here: the picture appears by itself."),
    });
  }
  if (isAhead(session)) return startsIn(session, showNow);
  if (isOn(session)) return poster(say("Nothing on stage"), session.title, { hint: say("The picture appears here by itself.") });
  return over(session, items);
}

/**
 * The stage shows a session in whose room nobody is.
 *
 * @param {Session} shown
 * @param {ReadonlyMap<string, any>} items
 */
function offAir(shown, items) {
  if (isOn(shown)) {
    return poster(say("Waiting for the speaker"), shown.title, { hint: say("The picture appears here by itself.") });
  }
  return over(shown, items);
}

/**
 * @param {Session} session the last one on its stage
 * @param {ReadonlyMap<string, any>} items
 */
function leftHint(session, items) {
  if (!sessionsOf(items).every(isOver)) return say("It was the last one on this stage.");
  return session.qa === "off" ? say("The event is over.") : say("The event is over. The questions and answers stay here.");
}

/**
 * @param {Session} session
 * @param {number} showNow
 */
function startsIn(session, showNow) {
  if (isHeldUp(session, showNow)) {
    return poster(say("Starts soon"), session.title, { hint: say("The session before it is still running.") });
  }
  return poster(say("Starts in"), session.title, { untilMs: session.expected.start_ms, hint: say("The picture appears here by itself.") });
}

/**
 * @param {Session} session
 * @param {ReadonlyMap<string, any>} items
 */
function over(session, items) {
  const kind = session.state === "skipped" ? say("This session was skipped") : say("This session has ended");
  const next = nextSession(sessionsOf(items), session.stage);
  if (!next) return poster(kind, session.title, { hint: leftHint(session, items) });
  return poster(kind, session.title, {
    hint: say("Next on this stage: {title}", { title: next.title }),
    link: next.kind === "break" ? null : next,
  });
}
