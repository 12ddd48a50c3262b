// Where the API is and what it takes: config.json beside the page, written by whoever hosts it.

import { request } from "./request.js";

/**
 * Who lets users sign in, and as what this page is known there.
 *
 * @typedef {object} Auth
 * @property {string} authorize address of the sign-in page
 * @property {string} token address that gives tokens
 * @property {string} logout address that signs out
 * @property {string} clientId
 * @property {string} scope
 */

/**
 * @typedef {object} Config
 * @property {string} api address of the API, without a slash at the end
 * @property {number} maxFileBytes largest file that is read
 * @property {number} directMaxBytes largest file that is posted in one step; larger ones go through an upload
 * @property {number | null} retentionHours how long the server keeps a film; null if it does not say
 * @property {Auth | null} auth where users sign in; null if they need not
 */

/**
 * @param {string} base address of the page
 * @returns {Promise<Config>}
 * @throws {import("./problem.js").Problem}
 */
export async function loadConfig(base) {
  const response = await request(new URL("config.json", base).href, { cache: "no-store" });
  return configFrom(await response.json(), base);
}

/**
 * @param {any} values content of config.json
 * @param {string} base address of the page
 * @returns {Config}
 */
export function configFrom(values, base) {
  return {
    api: new URL(values.api ?? "/v1", base).href.replace(/\/+$/, ""),
    maxFileBytes: values.max_file_bytes ?? 32 * 1024 * 1024,
    directMaxBytes: values.direct_max_bytes ?? Infinity,
    retentionHours: values.retention_hours ?? null,
    auth: values.auth ? authFrom(values.auth, base) : null,
  };
}

/**
 * @param {any} values
 * @param {string} base
 * @returns {Auth}
 */
function authFrom(values, base) {
  const [authorize, token, logout] = [values.authorize, values.token, values.logout].map((url) => new URL(url, base).href);
  return { authorize, token, logout, clientId: values.client_id, scope: values.scope ?? "openid" };
}
