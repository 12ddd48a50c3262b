// One HTTP request: an answer, or a Problem that says why there is none.

import { Problem, problemFrom } from "./problem.js";

const LONGEST_ANSWER = 120_000; // milliseconds, the sending of a large film over a slow line among them

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>} a success
 * @throws {Problem}
 * @throws {DOMException} AbortError, if options.signal ended it
 */
export async function request(url, options = {}) {
  const late = AbortSignal.timeout(LONGEST_ANSWER);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options, signal });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(late.aborted ? "no_answer" : "network_down");
  }
  if (!response.ok) throw await problemFrom(response);
  return response;
}
