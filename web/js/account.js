// Signing in and out: the way to the sign-in page and back, and what of the page is there for whom.

import { part, write } from "./elements.js";
import { announce } from "./live.js";
import { Problem } from "./problem.js";
import { answerIn, beginAttempt, redeem } from "./signin.js";
import { answerFromAnotherTab, handOver } from "./tabs.js";
import { say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */

/** What sessionStorage holds while this tab is at the sign-in page, and at no other time. */
const ATTEMPT = "fracturelens.sign-in";

/** @param {Session | null} session null: no one needs to sign in */
export function showAccount(session) {
  const isShut = session !== null && !session.isOpen;
  part("gate").hidden = !isShut;
  part("sign-in").hidden = false;
  part("drop").hidden = isShut;
  part("samples").hidden = isShut;
  part("sign-out").hidden = session === null || isShut;
}

/**
 * Leaves for the sign-in page; `comeBack` goes on from there.
 *
 * @param {Session} session
 */
export async function signInHere({ auth }) {
  const { attempt, url } = await beginAttempt(auth, home());
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  location.assign(url);
}

/**
 * Signs in in a new tab, because a page that leaves loses the film in its memory.
 *
 * @param {Session} session
 * @param {AbortSignal} signal ends the wait for that tab
 * @throws {Problem}
 */
export async function signInBeside(session, signal) {
  const { attempt, url } = await beginAttempt(session.auth, home());
  window.open(url, "_blank", "noopener");
  const answer = await answerFromAnotherTab(attempt.state, signal);
  open(session, await redeem(session.auth, home(), attempt, answer));
}

/**
 * Goes on where a sign-in page, if any, sent the user back to this one.
 *
 * @param {Session} session
 * @throws {Problem}
 */
export async function comeBack(session) {
  const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? "null");
  sessionStorage.removeItem(ATTEMPT);
  const answer = answerIn(location.search);
  if (answer === null) return;
  history.replaceState(null, "", location.pathname); // a code must not stay in the address, nor in the history
  if (attempt?.state === answer.state) open(session, await redeem(session.auth, home(), attempt, answer));
  else if (await handOver(answer)) showHandedOver();
  else throw new Problem("sign_in_failed");
}

/**
 * Forgets the tokens and leaves for good: there is no way back to this page as it was.
 *
 * @param {Session} session
 */
export function signOut(session) {
  session.close();
  showAccount(session);
  const { logout, clientId } = session.auth;
  const url = new URL(logout);
  url.search = new URLSearchParams({ client_id: clientId, logout_uri: home() }).toString();
  location.replace(url);
}

/**
 * @param {Session} session
 * @param {import("./tokens.js").Tokens} tokens
 */
function open(session, tokens) {
  session.open(tokens);
  showAccount(session);
  announce(say("account.signed_in"));
}

function showHandedOver() {
  write("gate-title", say("account.signed_in"));
  write("gate-words", say("account.handed_over"));
  part("sign-in").hidden = true;
}

/** Where the sign-in page sends back to: the folder of this page. */
function home() {
  return new URL("./", document.baseURI).href;
}
