// The figures of a reading: probabilities with their operating points, severity, notes, and how they came about.

import { part, write } from "./elements.js";
import { milliseconds, percent } from "./numbers.js";
import { lookup, say } from "./words.js";

/** @typedef {import("./api.js").Assessment} Assessment */

/** @param {Assessment} assessment */
export function showReport(assessment) {
  // Figures of a film that failed its checks mean nothing and would be believed all the same.
  const isRead = assessment.outcome !== "cannot_assess";
  part("fracture-block").hidden = !isRead;
  part("classes-block").hidden = !isRead;
  if (isRead) {
    showFracture(assessment);
    showClasses(assessment);
  }
  showNotes(assessment);
  showFacts(assessment);
  write("report-disclaimer", assessment.disclaimer);
  part("report").hidden = false;
}

/** @param {Assessment} assessment */
function showFracture({ outcome, fracture_probability: p, operating_points: points }) {
  part("fracture-block").dataset["outcome"] = outcome;
  writeProbability(part("fracture-probability", HTMLDataElement), p);
  writeProbability(part("point-suspected", HTMLDataElement), points.suspected);
  writeProbability(part("point-likely", HTMLDataElement), points.likely);
  const gauge = part("gauge").style;
  gauge.setProperty("--value", String(p));
  gauge.setProperty("--suspected-at", String(points.suspected));
  gauge.setProperty("--likely-at", String(points.likely));
}

/** @param {Assessment} assessment */
function showClasses({ probabilities, severity }) {
  for (const bar of part("bars").querySelectorAll("[data-class]")) {
    const name = /** @type {import("./api.js").ClassName} */ (bar.getAttribute("data-class"));
    const data = bar.querySelector("data");
    const track = /** @type {HTMLElement | null} */ (bar.querySelector(".track"));
    if (data) writeProbability(data, probabilities[name]);
    track?.style.setProperty("--value", String(probabilities[name]));
  }
  part("severity").hidden = severity === null;
  write("severity-words", severity === null ? "" : say(`severity.${severity}`));
}

/** @param {Assessment} assessment */
function showNotes({ outcome, reasons }) {
  const items = reasons.map(({ code, message }) => {
    const item = document.createElement("li");
    item.textContent = lookup(`note.${code}`) ?? message;
    item.dataset["code"] = code;
    return item;
  });
  part("notes-list").replaceChildren(...items);
  write("notes-title", say(outcome === "cannot_assess" ? "notes.reasons" : "notes.remarks"));
  part("notes").hidden = items.length === 0;
}

/** @param {Assessment} assessment */
function showFacts({ image, model, timings_ms: ms }) {
  write("fact-film", say("fact.film", { kind: image.kind.toUpperCase(), width: image.width, height: image.height }));
  write("fact-model", say("fact.model", { name: model.name, version: model.version, digest: model.digest.slice(0, 12) }));
  write("fact-time", say("fact.time", {
    total: milliseconds(ms.total), decode: milliseconds(ms.decode), infer: milliseconds(ms.infer), render: milliseconds(ms.render),
  }));
}

/**
 * @param {HTMLDataElement} element
 * @param {number} p
 */
function writeProbability(element, p) {
  element.value = String(p);
  element.textContent = percent(p);
}
