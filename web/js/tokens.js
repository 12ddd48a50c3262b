// What the token endpoint gives for a code or a refresh token (RFC 6749, sections 4.1.3 and 6).

import { Problem } from "./problem.js";
import { request } from "./request.js";

/**
 * @typedef {object} Tokens
 * @property {string} access
 * @property {string | null} refresh
 * @property {number} lasts seconds that the access token is good for
 */

/**
 * @param {import("./config.js").Auth} auth
 * @param {Record<string, string>} grant its grant_type and what belongs to it
 * @returns {Promise<Tokens>}
 * @throws {Problem} sign_in_failed if the grant is refused; whatever else keeps the endpoint from answering
 */
export async function askForTokens(auth, grant) {
  const body = new URLSearchParams({ ...grant, client_id: auth.clientId });
  try {
    const answer = await request(auth.token, { method: "POST", body, credentials: "omit", redirect: "error" });
    return tokensFrom(await answer.json().catch(() => null));
  } catch (error) {
    if (error instanceof Problem && (error.status === 400 || error.status === 401)) throw new Problem("sign_in_failed");
    throw error;
  }
}

/**
 * @param {any} answer
 * @returns {Tokens}
 */
function tokensFrom(answer) {
  if (typeof answer?.access_token !== "string" || !/^bearer$/i.test(answer.token_type)) throw new Problem("unexpected_answer");
  return {
    access: answer.access_token,
    refresh: typeof answer.refresh_token === "string" ? answer.refresh_token : null,
    lasts: Number(answer.expires_in) || 0,
  };
}
