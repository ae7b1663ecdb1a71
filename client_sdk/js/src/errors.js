/** The one error of this SDK, made from a reply, an HTTP answer or a close. */

/**
 * @typedef {object} ErrorDetails
 * @property {boolean} [retry] whether the same request may succeed later
 * @property {number} [retryAfterMs] how long to wait before that
 * @property {string} [field] which field is wrong
 * @property {number} [status] the HTTP status, if there was one
 */

export class ShowcallerError extends Error {
  /**
   * @param {string} code stable, for programs: PROTOCOL.md §6
   * @param {string} message for people
   * @param {ErrorDetails} [details]
   */
  constructor(code, message, details = {}) {
    super(message);
    this.name = "ShowcallerError";
    this.code = code;
    this.retry = details.retry ?? false;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.field = details.field ?? null;
    this.status = details.status ?? null;
  }
}

/** @param {import("./types.js").Reply} reply a failed one */
export function replyError(reply) {
  return errorFromReply(reply.error ?? { code: "error", message: "Refused.", retry: false });
}

/**
 * @param {import("./types.js").ErrorBody} body the `error` of a failed reply
 * @returns {ShowcallerError}
 */
export function errorFromReply(body) {
  return new ShowcallerError(body.code, body.message, {
    retry: body.retry,
    retryAfterMs: body.retry_after_ms,
    field: body.field,
  });
}

/**
 * What an HTTP answer outside 2xx says, as problem+json (RFC 9457) or by its status alone.
 *
 * @param {Response} response
 * @returns {Promise<ShowcallerError>}
 */
export async function errorFromResponse(response) {
  const problem = await readProblem(response);
  const { status } = response;
  return new ShowcallerError(
    String(problem.code ?? `http_${status}`),
    String(problem.detail ?? problem.title ?? `The server answered ${status}.`),
    {
      status,
      retry: problem.retry === true || status === 429 || status >= 500,
      retryAfterMs: retryAfterMs(response.headers.get("Retry-After")),
      field: typeof problem.field === "string" ? problem.field : undefined,
    },
  );
}

/**
 * @param {Response} response
 * @returns {Promise<Record<string, unknown>>}
 */
async function readProblem(response) {
  try {
    const body = await response.json();
    return body !== null && typeof body === "object" ? body : {};
  } catch {
    return {};
  }
}

/**
 * @param {string | null} header `Retry-After` in seconds (RFC 9110 §10.2.3)
 * @returns {number | undefined}
 */
function retryAfterMs(header) {
  const seconds = header === null ? NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/**
 * Anything thrown, as a ShowcallerError; a failed `fetch` becomes `unreachable`.
 *
 * @param {unknown} error
 * @returns {ShowcallerError}
 */
export function asShowcallerError(error) {
  if (error instanceof ShowcallerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ShowcallerError("unreachable", message, { retry: true });
}
