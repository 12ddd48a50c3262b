// Between the tabs of one browser: a sign-in is passed on to the tab that waits for it, and signing out is for all.

/** @typedef {import("./signin.js").Answer} Answer */

const CHANNEL = "fracturelens.sign-in";
const LONGEST_HANDOVER = 1500; // milliseconds; tabs of one browser answer at once

/**
 * @param {string} state of the attempt that this tab began
 * @param {AbortSignal} signal ends the wait
 * @returns {Promise<Answer>}
 */
export function answerFromAnotherTab(state, signal) {
  return new Promise((resolve, reject) => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }) => {
      if (data?.state !== state || typeof data.code !== "string") return;
      channel.postMessage({ taken: state });
      channel.close();
      resolve({ state, code: data.code });
    };
    signal.addEventListener("abort", () => { channel.close(); reject(signal.reason); }, { once: true });
  });
}

/**
 * @param {Answer} answer to an attempt that this tab did not begin; worth nothing without that attempt's verifier
 * @returns {Promise<boolean>} whether a tab took it
 */
export function handOver(answer) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    const end = (/** @type {boolean} */ isTaken) => { clearTimeout(timer); channel.close(); resolve(isTaken); };
    const timer = setTimeout(end, LONGEST_HANDOVER, false);
    channel.onmessage = ({ data }) => { if (data?.taken === answer.state) end(true); };
    channel.postMessage(answer);
  });
}

export function signOutOthers() {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ signedOut: true });
  channel.close();
}

/** @param {() => void} end called when another tab signs out */
export function listenForSignOut(end) {
  new BroadcastChannel(CHANNEL).onmessage = ({ data }) => { if (data?.signedOut === true) end(); };
}
