// Sends again while the service says that it is busy, as late as it asks for.

import { Problem } from "./problem.js";

const ATTEMPTS = 4;
const LONGEST_WAIT = 30; // seconds; a service that asks for more is told of at once

/**
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(seconds: number) => void} options.onWait called once a second with the seconds left
 * @param {(ms: number, signal: AbortSignal) => Promise<void>} [options.pause]
 * @returns {Promise<T>}
 */
export async function whileBusy(attempt, { signal, onWait, pause = sleep }) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "busy" || tried === ATTEMPTS) throw error;
      const wait = Math.max(1, Math.ceil(error.retryAfter ?? 2 ** tried));
      if (wait > LONGEST_WAIT) throw error;
      for (let left = wait; left > 0; left -= 1) {
        onWait(left);
        await pause(1000, signal);
      }
    }
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends the sleep early, with its reason
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}
