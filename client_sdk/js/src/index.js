/** The Showcaller SDK for browsers. The contract is PROTOCOL.md. */

export { ShowcallerClient } from "./client.js";
export { Channel } from "./channel.js";
export { ShowcallerError, asShowcallerError } from "./errors.js";
export { changeReminders, checkCertificate, confirmMail, fetchAgenda, fetchAttendance, fetchAudit, fetchCaptions, fetchCertificate, fetchHistory, fetchLive, fetchMedia, fetchReminders, fetchReplay, fetchSpeaker, fetchTokens, fetchViewers, listEvents, makeCode, register, renewToken, stopMail, useCode } from "./http.js";
export { MediaSession } from "./media_session.js";
export { randomKey } from "./platform.js";
export { serverTimeFor, showTimeAt } from "./showclock.js";
export { Watcher, viewerFigures, watch } from "./whep.js";
export { publish, publisherFigures } from "./whip.js";
