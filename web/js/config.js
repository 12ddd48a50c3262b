// Where the API is and what it takes: config.json beside the page, written by whoever hosts it.

import { request } from "./request.js";

/**
 * @typedef {object} Config
 * @property {string} api address of the API, without a slash at the end
 * @property {number} maxFileBytes largest file that is read
 * @property {number} directMaxBytes largest file that is posted in one step; larger ones go through an upload
 * @property {number | null} retentionHours how long the server keeps a film; null if it does not say
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
  };
}
