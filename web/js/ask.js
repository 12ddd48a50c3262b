// Asks the API as whoever is signed in; nothing but the API ever gets to see a token.

import { Problem } from "./problem.js";
import { request } from "./request.js";

/** @typedef {{session: import("./session.js").Session | null}} Signed who is signed in; null if no one needs to be */
/** @typedef {import("./config.js").Config & Signed} Service */
/** @typedef {Pick<Service, "api" | "session">} Api */

/**
 * @param {Api} service
 * @param {string} url
 * @param {RequestInit & {headers?: Record<string, string>}} [options]
 * @returns {Promise<Response>} a success
 * @throws {Problem}
 */
export async function ask(service, url, options = {}) {
  const send = async () => {
    const headers = { ...options.headers, ...(await credentials(service, url)) };
    return request(url, { ...options, headers, ...("Authorization" in headers && { redirect: "error" }) });
  };
  try {
    return await send();
  } catch (error) {
    const isRefused = error instanceof Problem && error.status === 401;
    if (!isRefused || !service.session?.isOpen) throw error;
    await service.session.renew(); // the token looked good here and yet was not: a wrong clock, or it was revoked
    return send();
  }
}

/**
 * @param {Api} service
 * @param {string} url
 * @returns {Promise<Record<string, string>>} headers: the token for an address of the API, nothing for any other
 * @throws {Problem}
 */
export async function credentials({ api, session }, url) {
  return session !== null && isBelow(url, api) ? { Authorization: `Bearer ${await session.token()}` } : {};
}

/**
 * @param {string} url
 * @param {string} folder address without a slash at the end
 */
function isBelow(url, folder) {
  const [asked, owned] = [new URL(url), new URL(folder)];
  return asked.origin === owned.origin && asked.pathname.startsWith(`${owned.pathname}/`);
}
