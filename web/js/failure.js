// Says what went wrong and what to do next.

import { part, write } from "./elements.js";
import { Problem } from "./problem.js";
import { lookup, say } from "./words.js";

/**
 * @param {unknown} error anything thrown; what is no Problem is a fault of the page and goes to the console too
 * @param {Record<string, string>} values for the texts
 */
export function showFailure(error, values) {
  const problem = error instanceof Problem ? error : new Problem("page_failed");
  if (problem !== error) console.error(error);
  const known = lookup(`error.${problem.code}.title`) === undefined ? "unexpected_answer" : problem.code;
  write("failure-title", say(`error.${known}.title`));
  write("failure-next", say(`error.${known}.next`, values));
  write("failure-code", say("failure.code", { code: problem.code }));
  part("retry").hidden = !problem.isWorthTryingAgain;
  part("failure").hidden = false;
  part("failure").focus();
}

export function hideFailure() {
  part("failure").hidden = true;
}
