// One kind of error for everything that can go wrong, with the stable code that its words are found by.

/** Codes after which the same film may well be read if it is sent again. */
const WORTH_TRYING_AGAIN = new Set([
  "busy", "network_down", "no_answer", "internal_error", "store_unavailable", "unexpected_answer", "not_found",
  "request_timeout", "deadline_exceeded", "request_blocked", "upload_expired",
]);

const NEEDS_SIGN_IN = new Set(["unauthenticated", "session_expired"]);

/** For answers that are not problem+json: proxies, firewalls and gateways speak in status codes only. */
const CODE_OF_STATUS = new Map([
  [401, "unauthenticated"], [403, "request_blocked"], [413, "file_too_large"], [429, "busy"], [502, "no_answer"], [503, "busy"],
  [504, "no_answer"],
]);
/** An API Gateway adds {"message": …}, which tells its own refusals from a firewall's and its faults from a proxy's. */
const CODE_OF_GATEWAY_STATUS = new Map([[403, "not_permitted"], [500, "internal_error"]]);

export class Problem extends Error {
  /**
   * @param {string} code key of MESSAGES.error
   * @param {{retryAfter?: number | null, detail?: string, status?: number}} [more] seconds to wait as the server asked;
   *   the server's own words; the HTTP status, 0 if there was no answer
   */
  constructor(code, { retryAfter = null, detail = "", status = 0 } = {}) {
    super(code);
    this.name = "Problem";
    this.code = code;
    this.retryAfter = retryAfter;
    this.detail = detail;
    this.status = status;
  }

  get isWorthTryingAgain() {
    return WORTH_TRYING_AGAIN.has(this.code);
  }

  get needsSignIn() {
    return NEEDS_SIGN_IN.has(this.code);
  }
}

/**
 * Reads an answer that is not a success (RFC 9457).
 *
 * @param {Response} response
 * @returns {Promise<Problem>}
 */
export async function problemFrom(response) {
  const { status } = response;
  const retryAfter = retryAfterSeconds(response.headers.get("Retry-After"));
  const body = await response.json().catch(() => null);
  if (typeof body?.code === "string") {
    return new Problem(body.code, { retryAfter, status, detail: typeof body.detail === "string" ? body.detail : "" });
  }
  const gatewaysCode = typeof body?.message === "string" ? CODE_OF_GATEWAY_STATUS.get(status) : undefined;
  return new Problem(gatewaysCode ?? CODE_OF_STATUS.get(status) ?? "unexpected_answer", { retryAfter, status });
}

/**
 * @param {string | null} header Retry-After: seconds, or a date (RFC 9110, section 10.2.3)
 * @param {number} [now] milliseconds since 1970
 * @returns {number | null} seconds to wait
 */
export function retryAfterSeconds(header, now = Date.now()) {
  if (header === null || header.trim() === "") return null;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}
