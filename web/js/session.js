// Who is signed in: tokens that live in this page's memory and nowhere else.

import { Problem } from "./problem.js";
import { askForTokens } from "./tokens.js";

/** @typedef {import("./tokens.js").Tokens} Tokens */

const LEEWAY = 30_000; // milliseconds: a token must outlive the way to the server, and clocks differ

export class Session {
  /** @type {Tokens | null} */
  #tokens = null;
  #goodUntil = 0;
  #auth;
  /** @type {Promise<void> | null} */
  #renewing = null;

  /** @param {import("./config.js").Auth} auth */
  constructor(auth) {
    this.#auth = auth;
  }

  get isOpen() {
    return this.#tokens !== null;
  }

  /** @param {Tokens} tokens */
  open(tokens) {
    this.#tokens = tokens;
    this.#goodUntil = Date.now() + tokens.lasts * 1000 - LEEWAY;
  }

  close() {
    this.#tokens = null;
  }

  /**
   * @returns {Promise<string>} an access token that is still good
   * @throws {Problem} unauthenticated, session_expired, or what keeps the token endpoint from answering
   */
  async token() {
    if (this.#tokens !== null && Date.now() >= this.#goodUntil) await this.renew();
    if (this.#tokens === null) throw new Problem("unauthenticated");
    return this.#tokens.access;
  }

  /**
   * Gets a new access token for the refresh token. Requests that need one at the same time share it: a refresh token
   * may be good only once.
   *
   * @throws {Problem}
   */
  async renew() {
    this.#renewing ??= this.#renew().finally(() => { this.#renewing = null; });
    await this.#renewing;
  }

  async #renew() {
    const before = this.#tokens;
    if (before === null) throw new Problem("unauthenticated");
    try {
      if (before.refresh === null) throw new Problem("sign_in_failed");
      const after = await askForTokens(this.#auth, { grant_type: "refresh_token", refresh_token: before.refresh });
      if (this.#tokens === before) this.open({ ...after, refresh: after.refresh ?? before.refresh }); // else signed out since
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "sign_in_failed") throw error;
      this.close();
      throw new Problem("session_expired");
    }
  }
}
