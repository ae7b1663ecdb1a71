/** The parts of the HTTP API that an attendee needs. Each raises ShowcallerError. */

import { asShowcallerError, errorFromResponse } from "./errors.js";
import { browserPlatform } from "./platform.js";

const REQUEST_MS = 10_000; // a frozen server takes connections, and answers nobody

/**
 * @typedef {object} Place which event, on which server
 * @property {string} [url] the server's address; the page's own if left out
 * @property {string} event
 */

/**
 * @param {Place} place
 * @param {string} [path]
 * @returns {string}
 */
export function eventUrl({ url, event }, path = "") {
  const base = new URL(url ?? location.origin);
  return new URL(`/api/v1/events/${encodeURIComponent(event)}${path}`, base).href;
}

/**
 * @param {Place} place
 * @returns {string} the live endpoint, `ws:` or `wss:`
 */
export function liveUrl(place) {
  return eventUrl(place, "/live").replace(/^http/, "ws");
}

/**
 * @param {string} [url] the server's address; the page's own if left out
 * @returns {Promise<any>} what `GET /api/v1/events` answers
 */
export function listEvents(url) {
  return requestJson(new URL("/api/v1/events", url ?? location.origin).href, {});
}

/**
 * The agenda as it is now, which anybody may read.
 *
 * @param {Place} place
 * @returns {Promise<{items: Record<string, any>}>} as channel `agenda`
 */
export function fetchAgenda(place) {
  return requestJson(eventUrl(place), {});
}

/**
 * A speaker with biography and links, which anybody may read.
 *
 * @param {Place & {speaker: string}} place
 * @returns {Promise<import("./types.js").SpeakerPage>}
 */
export function fetchSpeaker({ speaker, ...place }) {
  return requestJson(eventUrl(place, `/speakers/${encodeURIComponent(speaker)}`), {});
}

/**
 * What the person has attended, and the code of their certificate if that is enough: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<import("./types.js").OwnCertificate>}
 */
export function fetchCertificate({ token, ...place }) {
  return requestJson(eventUrl(place, "/certificate"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * Whose certificate has this code, and what it certifies. Fails with the code `no_certificate` if it is none.
 *
 * @param {Place & {code: string}} place
 * @returns {Promise<import("./types.js").Certified>}
 */
export function checkCertificate({ code, ...place }) {
  return requestJson(eventUrl(place, `/certificates/${encodeURIComponent(code)}`), {});
}

/** @typedef {import("./types.js").Reminders} Reminders */

/**
 * How somebody may be and is reminded of what they starred: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<Reminders>}
 */
export function fetchReminders({ token, ...place }) {
  return requestJson(eventUrl(place, "/reminders"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * @param {Place & {token: string, what: "push" | "push/forget" | "mail" | "mail/forget", body: object}} place
 * @returns {Promise<Reminders>} as they are then
 */
export function changeReminders({ token, what, body, ...place }) {
  return requestJson(eventUrl(place, `/reminders/${what}`), {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
}

/**
 * Confirms an address with the code that was sent there.
 *
 * @param {Place & {code: string}} place
 */
export function confirmMail({ code, ...place }) {
  return requestJson(eventUrl(place, "/reminders/mail/confirm"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
}

/**
 * Ends all mails to an address with the code that they have.
 *
 * @param {Place & {code: string}} place
 */
export function stopMail({ code, ...place }) {
  return requestJson(eventUrl(place, `/reminders/mail/stop/${encodeURIComponent(code)}`), { method: "POST" });
}

/**
 * What workers measure now, for producers: PROTOCOL.md §9.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<import("./media_types.js").MediaOverview>}
 */
export function fetchMedia({ token, ...place }) {
  return requestJson(eventUrl(place, "/media"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * The viewers of a stage, those with the most loss first.
 *
 * @param {Place & {token: string, stage: string}} place
 * @returns {Promise<{viewers: import("./media_types.js").ViewerStatistics[]}>}
 */
export function fetchViewers({ token, stage, ...place }) {
  const headers = { Authorization: `Bearer ${token}` };
  return requestJson(eventUrl(place, `/stages/${encodeURIComponent(stage)}/viewers`), { headers });
}

/**
 * Where a stage can be watched by HLS, some seconds late: PROTOCOL.md §9.
 *
 * @param {Place & {token: string, stage: string}} place
 * @returns {Promise<import("./media_types.js").HlsAddress>}
 */
export function fetchLive({ token, stage, ...place }) {
  const headers = { Authorization: `Bearer ${token}` };
  return requestJson(eventUrl(place, `/stages/${encodeURIComponent(stage)}/live`), { headers });
}

/**
 * Where what was recorded of a session can be watched, once it has ended.
 *
 * @param {Place & {token: string, session: string}} place
 * @returns {Promise<import("./media_types.js").ReplayAddress>}
 */
export function fetchReplay({ token, session, ...place }) {
  const headers = { Authorization: `Bearer ${token}` };
  return requestJson(eventUrl(place, `/sessions/${encodeURIComponent(session)}/replay`), { headers });
}

/**
 * The staff's tokens that were used, for producers and ops: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<{tokens: import("./types.js").KnownToken[], guests: import("./types.js").Guest[]}>} guests: their links that nobody has used yet
 */
export function fetchTokens({ token, ...place }) {
  return requestJson(eventUrl(place, "/tokens"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * The newest entries of the audit, for producers and ops.
 *
 * @param {Place & {token: string, limit: number}} place
 * @returns {Promise<{entries: import("./types.js").AuditEntry[]}>}
 */
export function fetchAudit({ token, limit, ...place }) {
  const headers = { Authorization: `Bearer ${token}` };
  return requestJson(eventUrl(place, `/exports/audit.json?limit=${limit}`), { headers });
}

/**
 * How many were there, at all (`session` is "") and at each session: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<{attendance: {session: string, title: string, peak: number, average: number, minutes: number, people: number, people_peak: number,
 *   people_average: number}[]}>} a person counts once among `people`; the others are connections
 */
export function fetchAttendance({ token, ...place }) {
  return requestJson(eventUrl(place, "/exports/attendance.json"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * What moderators and producers did, the newest first: PROTOCOL.md §8. Filters that are empty are none.
 *
 * @param {Place & {token: string, q?: string, what?: string, session?: string, by?: string, before?: number, limit?: number}} wanted
 * @returns {Promise<{entries: import("./types.js").HistoryEntry[], more: boolean}>}
 */
export function fetchHistory({ token, url, event, ...filters }) {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  const headers = { Authorization: `Bearer ${token}` };
  return requestJson(eventUrl({ event, ...(url && { url }) }, `/exports/history.json?${query}`), { headers });
}

/**
 * All lines of a session's captions that are kept, by their times: PROTOCOL.md §8.
 *
 * @param {Place & {token: string, session: string, language: string}} wanted
 * @returns {Promise<{lines: import("./types.js").Caption[]}>}
 */
export function fetchCaptions({ token, session, language, ...place }) {
  const path = `/sessions/${encodeURIComponent(session)}/captions/${encodeURIComponent(language)}`;
  return requestJson(eventUrl(place, path), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * What people thought of each session, for producers and ops.
 *
 * @param {Place & {token: string}} place
 * @returns {Promise<{sessions: import("./types.js").SessionFeedback[]}>}
 */
export function fetchFeedback({ token, ...place }) {
  return requestJson(eventUrl(place, "/exports/feedback.json"), { headers: { Authorization: `Bearer ${token}` } });
}

/**
 * @param {Place & {name: string, inviteCode?: string, consents?: Record<string, string>}} registration `consents`: the versions that the
 *   person agrees to, by the consent's id
 * @returns {Promise<import("./types.js").Grant>}
 */
export function register({ name, inviteCode, consents, ...place }) {
  const body = { name, ...(inviteCode && { invite_code: inviteCode }), ...(consents && { consents }) };
  return requestJson(eventUrl(place, "/registrations"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * A newer token for the person that `token` names: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} grant
 * @param {import("./platform.js").Platform} [platform]
 * @returns {Promise<import("./types.js").Grant>}
 */
export function renewToken({ token, ...place }, platform = browserPlatform) {
  const init = { method: "POST", headers: { Authorization: `Bearer ${token}` } };
  return requestJson(eventUrl(place, "/tokens"), init, platform);
}

/**
 * A code for a short link, which stands for this token: PROTOCOL.md §8.
 *
 * @param {Place & {token: string}} grant
 * @returns {Promise<{code: string, expires_at_ms: number}>}
 */
export function makeCode({ token, ...place }) {
  return requestJson(eventUrl(place, "/codes"), { method: "POST", headers: { Authorization: `Bearer ${token}` } });
}

/**
 * The token that a code stands for. `browser` is a secret that this browser keeps: another one can't use the code any more.
 *
 * A guest says what they are called, else it rejects with `name_needed`.
 *
 * @param {Place & {code: string, browser: string, name?: string}} use
 * @returns {Promise<import("./types.js").Grant>}
 */
export function useCode({ code, browser, name, ...place }) {
  return requestJson(eventUrl(place, "/codes/use"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, browser, ...(name !== undefined && { name }) }),
  });
}

/**
 * Does what a live command does: PROTOCOL.md §6.
 *
 * @param {Place & {token: string, name: string, args: Record<string, any>, key?: string, deadline_ms?: number}} command
 * @param {import("./platform.js").Platform} [platform]
 * @returns {Promise<Record<string, any>>} its result
 */
export function sendCommand({ token, name, args, key, deadline_ms, ...place }, platform = browserPlatform) {
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  if (key !== undefined) headers["Idempotency-Key"] = key;
  if (deadline_ms !== undefined) headers["Showcaller-Deadline"] = String(deadline_ms);
  const init = { method: "POST", headers, body: JSON.stringify(args) };
  return requestJson(eventUrl(place, `/commands/${encodeURIComponent(name)}`), init, platform);
}

/**
 * A probe of the server's clock: PROTOCOL.md §5.
 *
 * @param {Place} place
 * @param {import("./platform.js").Platform} platform
 * @returns {Promise<{t2: number, t3: number}>}
 */
export function fetchClock(place, platform) {
  return requestJson(eventUrl(place, "/clock"), { cache: "no-store" }, platform);
}

/**
 * The messages of a stream as they come, each as text: PROTOCOL.md §11.
 *
 * @typedef {Place & {token: string, subscribe: object[], client: string, signal: AbortSignal}} WantedStream
 *
 * @param {WantedStream} stream
 * @param {import("./platform.js").Platform} platform
 */
export function openStream(stream, platform) {
  return streamed(stream, platform);
}

/**
 * @param {WantedStream} stream
 * @param {import("./platform.js").Platform} platform
 * @returns {AsyncGenerator<string, void, void>}
 */
async function* streamed({ token, subscribe, client, signal, ...place }, platform) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const body = JSON.stringify({ subscribe, client });
  const response = await platform.fetch(eventUrl(place, "/live"), { method: "POST", headers, body, signal, cache: "no-store" });
  if (!response.ok || response.body === null) throw await errorFromResponse(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const events = (rest + read.value).split("\n\n");
    rest = /** @type {string} */ (events.pop());
    for (const event of events) if (event.startsWith("data: ")) yield event.slice("data: ".length);
  }
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @param {import("./platform.js").Platform} [platform]
 * @returns {Promise<any>}
 */
async function requestJson(url, init, platform = browserPlatform) {
  try {
    const response = await platform.fetch(url, { signal: AbortSignal.timeout(REQUEST_MS), ...init });
    if (!response.ok) throw await errorFromResponse(response);
    return await response.json();
  } catch (error) {
    throw asShowcallerError(error);
  }
}
