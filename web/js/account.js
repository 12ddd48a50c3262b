// Signing in and out: the way to the sign-in page and back, and what of this page is there for whom.

import { part, write } from "./elements.js";
import { announce } from "./live.js";
import { Problem } from "./problem.js";
import { Session } from "./session.js";
import { answerIn, beginAttempt, redeem } from "./signin.js";
import { answerFromAnotherTab, handOver, listenForSignOut, signOutOthers } from "./tabs.js";
import { say } from "./words.js";

/** @typedef {import("./signin.js").Attempt} Attempt */
/** @typedef {import("./signin.js").Answer} Answer */

/** What sessionStorage holds while this tab is at the sign-in page, and at no other time. */
const ATTEMPT = "fracturelens.sign-in";

export class Account {
  #auth;
  /** Where the sign-in page sends back to: the folder of this page. */
  #home = new URL("./", document.baseURI).href;

  /**
   * @param {import("./config.js").Auth} auth
   * @param {() => void} forget called when another tab signs out
   */
  constructor(auth, forget) {
    this.#auth = auth;
    this.session = new Session(auth);
    listenForSignOut(forget);
  }

  get isOpen() {
    return this.session.isOpen;
  }

  /** Shows the ways in to those who are signed in, and to others how to. */
  show() {
    for (const id of ["drop", "samples", "sign-out"]) part(id).hidden = !this.isOpen;
    part("gate").hidden = this.isOpen;
    part("sign-in").hidden = false;
  }

  /** Leaves for the sign-in page; `comeBack` goes on from there. */
  async signInHere() {
    const { attempt, url } = await beginAttempt(this.#auth, this.#home);
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    location.assign(url);
  }

  /**
   * Signs in in a new tab, because a page that leaves loses the film in its memory.
   *
   * @param {AbortSignal} signal ends the wait for that tab
   * @throws {Problem}
   */
  async signInBeside(signal) {
    const { attempt, url } = await beginAttempt(this.#auth, this.#home);
    window.open(url, "_blank", "noopener");
    await this.#open(attempt, await answerFromAnotherTab(attempt.state, signal));
  }

  /**
   * Goes on where a sign-in page, if any, sent the user back to this one.
   *
   * @throws {Problem}
   */
  async comeBack() {
    const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? "null");
    sessionStorage.removeItem(ATTEMPT);
    const answer = answerIn(location.search);
    if (answer === null) return;
    history.replaceState(null, "", location.pathname); // a code must stay neither in the address nor in the history
    part("gate").hidden = true; // until it is known whether anyone still has to sign in
    if (attempt?.state === answer.state) await this.#open(attempt, answer);
    else if (await handOver(answer)) this.#showHandedOver();
    else throw new Problem("sign_in_failed");
  }

  /** Leaves for good, in all tabs: there is no way back to this page as it was. */
  signOut() {
    signOutOthers();
    const url = new URL(this.#auth.logout);
    url.search = new URLSearchParams({ client_id: this.#auth.clientId, logout_uri: this.#home }).toString();
    location.replace(url);
  }

  /**
   * @param {Attempt} attempt
   * @param {Answer} answer
   */
  async #open(attempt, answer) {
    this.session.open(await redeem(this.#auth, this.#home, attempt, answer));
    this.show();
    announce(say("account.signed_in"));
  }

  #showHandedOver() {
    this.show();
    write("gate-title", say("account.signed_in"));
    write("gate-words", say("account.handed_over"));
    part("sign-in").hidden = true;
  }
}
