// The client of the HTTP API: a film in, its reading out.

import { ask } from "./ask.js";
import { Problem } from "./problem.js";
import { upload } from "./upload.js";

/** @typedef {"normal" | "hairline" | "displaced"} ClassName */

/**
 * A reading, as fracturelens/assessment.py defines it.
 *
 * @typedef {object} Assessment
 * @property {string} id
 * @property {"no_fracture_seen" | "fracture_suspected" | "fracture_likely" | "cannot_assess"} outcome
 * @property {number} fracture_probability
 * @property {Record<ClassName, number>} probabilities
 * @property {"hairline" | "displaced" | null} severity
 * @property {{code: string, message: string}[]} reasons
 * @property {{kind: string, width: number, height: number}} image
 * @property {{name: string, version: string, digest: string}} model
 * @property {{suspected: number, likely: number}} operating_points
 * @property {{decode: number, infer: number, render: number, total: number}} timings_ms
 * @property {Partial<Record<ClassName, string>>} heatmaps
 * @property {string} disclaimer
 */

/** Longest side in pixels of the film's picture: as fine as any screen shows it, and small enough for any gateway. */
const LONGEST_SIDE = 2048;

/**
 * @param {import("./ask.js").Service} service
 * @param {Blob} file whose type is that of its content
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(share: number) => void} options.onProgress share of a large file that has been sent, 0 to 1
 * @returns {Promise<Assessment>} with the heat maps of all classes
 * @throws {Problem}
 */
export async function assess(service, file, { signal, onProgress }) {
  const response = await ask(service, `${service.api}/assessments?heatmaps=all`, {
    method: "POST",
    signal,
    headers: { Accept: "application/json" },
    ...(file.size > service.directMaxBytes ? await byUpload(service, file, { signal, onProgress }) : byForm(file)),
  });
  return readingFrom(await response.json().catch(() => null));
}

/**
 * The film as the reading saw it, for formats that browsers do not show.
 *
 * @param {import("./ask.js").Service} service
 * @param {string} id of the reading
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>} PNG
 */
export async function film(service, id, signal) {
  const url = `${service.api}/assessments/${encodeURIComponent(id)}/film.png?longest_side=${LONGEST_SIDE}`;
  const response = await ask(service, url, { signal });
  return response.blob();
}

/** @param {Blob} file */
function byForm(file) {
  const form = new FormData();
  form.append("file", file, "film"); // its name may name a patient, so it stays here
  return { body: form };
}

/**
 * @param {import("./ask.js").Service} service
 * @param {Blob} file
 * @param {{signal: AbortSignal, onProgress: (share: number) => void}} options
 */
async function byUpload(service, file, options) {
  const upload_id = await upload(service, file, options);
  return { headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify({ upload_id }) };
}

/**
 * @param {any} body
 * @returns {Assessment}
 */
function readingFrom(body) {
  if (typeof body?.outcome !== "string" || typeof body.probabilities !== "object") throw new Problem("unexpected_answer");
  return body;
}
