// Sends a large film in two steps, past the size limits of gateways: ask for a place, then put the bytes there.

import { ask, credentials } from "./ask.js";
import { Problem, problemFrom } from "./problem.js";
import { codeInXml } from "./storage.js";

/**
 * @param {import("./ask.js").Service} service
 * @param {Blob} file whose type is that of its content
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(share: number) => void} options.onProgress share sent, 0 to 1
 * @returns {Promise<string>} upload_id, to be assessed
 * @throws {Problem}
 */
export async function upload(service, file, { signal, onProgress }) {
  const answer = await ask(service, `${service.api}/uploads`, {
    method: "POST",
    signal,
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify({ size: file.size, content_type: file.type }),
  });
  const place = await answer.json();
  const url = new URL(place.url, `${service.api}/`).href;
  const headers = { ...place.headers, ...(await credentials(service, url)) };
  await send(place.method ?? "PUT", url, headers, bodyFor(place.fields, file), { signal, onProgress });
  return place.upload_id;
}

/**
 * @param {Record<string, string> | undefined} fields of a presigned form; without any, the bytes go as they are
 * @param {Blob} file
 */
function bodyFor(fields, file) {
  if (!fields || Object.keys(fields).length === 0) return file;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file, "film"); // S3 ignores what comes after the file, so it comes last
  return form;
}

/**
 * XMLHttpRequest, because fetch does not tell how much it has sent.
 *
 * @param {string} method
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {XMLHttpRequestBodyInit} body
 * @param {{signal: AbortSignal, onProgress: (share: number) => void}} options
 * @returns {Promise<void>}
 */
function send(method, url, headers, body, { signal, onProgress }) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open(method, url);
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    sending.onload = () => {
      if (sending.status >= 200 && sending.status < 300) resolve();
      else problemOf(sending).then(reject);
    };
    sending.onerror = () => reject(new Problem("network_down"));
    sending.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(body);
  });
}

/**
 * @param {XMLHttpRequest} sent
 * @returns {Promise<Problem>}
 */
async function problemOf(sent) {
  const storagesCode = codeInXml(sent.responseText);
  if (storagesCode !== null) return new Problem(storagesCode, { status: sent.status });
  const headers = new Headers();
  const retryAfter = sent.getResponseHeader("Retry-After");
  if (retryAfter !== null) headers.set("Retry-After", retryAfter);
  return problemFrom(new Response(sent.responseText, { status: sent.status, headers }));
}
