// Signing in by authorisation code with PKCE (RFC 6749, section 4.1; RFC 7636): what is asked, and what is answered.

import { challengeOf, randomText } from "./pkce.js";
import { Problem } from "./problem.js";
import { askForTokens } from "./tokens.js";

/** @typedef {import("./config.js").Auth} Auth */
/** @typedef {{state: string, verifier: string}} Attempt what only the page that began to sign in knows */
/** @typedef {{state: string, code: string}} Answer what the sign-in page sends back; no code if it was broken off */

/**
 * @param {Auth} auth
 * @param {string} home where the sign-in page sends back to
 * @returns {Promise<{attempt: Attempt, url: string}>} and the address of the sign-in page for it
 */
export async function beginAttempt(auth, home) {
  const attempt = { state: randomText(), verifier: randomText() };
  const url = new URL(auth.authorize);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: auth.clientId,
    redirect_uri: home,
    scope: auth.scope,
    state: attempt.state,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: "S256",
  }).toString();
  return { attempt, url: url.href };
}

/**
 * @param {string} search of the page's address
 * @returns {Answer | null} null if the page was not opened by a sign-in page
 */
export function answerIn(search) {
  const values = new URLSearchParams(search);
  const state = values.get("state");
  return state !== null && (values.has("code") || values.has("error")) ? { state, code: values.get("code") ?? "" } : null;
}

/**
 * @param {Auth} auth
 * @param {string} home as it was when the attempt began
 * @param {Attempt} attempt
 * @param {Answer} answer
 * @returns {Promise<import("./tokens.js").Tokens>}
 * @throws {Problem} sign_in_failed if the answer is not to this attempt, or its code is refused
 */
export async function redeem(auth, home, attempt, answer) {
  if (answer.state !== attempt.state || answer.code === "") throw new Problem("sign_in_failed");
  const { code } = answer;
  return askForTokens(auth, { grant_type: "authorization_code", code, redirect_uri: home, code_verifier: attempt.verifier });
}
