// The outcome in words, and before it how far the reading has got.

import { part, write } from "./elements.js";
import { announce } from "./live.js";
import { percent } from "./numbers.js";
import { say } from "./words.js";

const CANCEL_AFTER = 800; // milliseconds: most readings are done before anyone could press it

/** @type {ReturnType<typeof setTimeout> | undefined} */
let cancelTimer;

export function showStarted() {
  part("verdict").dataset["outcome"] = "reading";
  write("outcome", say("progress.reading"));
  write("outcome-meaning", say("progress.reading_meaning"));
  part("progress").hidden = false;
  part("progress").removeAttribute("value");
  clearTimeout(cancelTimer);
  cancelTimer = setTimeout(() => { part("cancel").hidden = false; }, CANCEL_AFTER);
  window.scrollTo(0, 0);
  part("outcome").focus({ preventScroll: true });
}

/** @param {number} share of the film sent, 0 to 1 */
export function showSent(share) {
  part("progress", HTMLProgressElement).value = share;
  write("outcome-meaning", share < 1 ? say("progress.uploading", { share: percent(share) }) : say("progress.reading_meaning"));
}

/** @param {number} seconds until the film is sent again */
export function showWait(seconds) {
  write("outcome-meaning", say("progress.waiting", { seconds }));
}

/** @param {import("./api.js").Assessment} assessment */
export function showOutcome(assessment) {
  stopWaiting();
  const { outcome } = assessment;
  const title = say(`outcome.${outcome}.title`);
  part("verdict").dataset["outcome"] = outcome;
  write("outcome", title);
  write("outcome-meaning", say(`outcome.${outcome}.meaning`, {
    suspected: percent(assessment.operating_points.suspected),
    likely: percent(assessment.operating_points.likely),
  }));
  announce(
    outcome === "cannot_assess"
      ? say("progress.done_without", { outcome: title })
      : say("progress.done", { outcome: title, probability: percent(assessment.fracture_probability) }),
  );
}

/** Takes away what only a reading under way needs. */
export function stopWaiting() {
  clearTimeout(cancelTimer);
  part("cancel").hidden = true;
  part("progress").hidden = true;
}
