// Understands what S3 answers, in XML, to a film that it does not take (its API reference, "Error responses").

const CODES = new Map([
  ["EntityTooLarge", "file_too_large"],
  ["RequestTimeout", "request_timeout"],
  ["SlowDown", "busy"],
  ["ServiceUnavailable", "busy"],
  ["InternalError", "store_unavailable"],
]);

/**
 * @param {string} body
 * @returns {string | null} key of MESSAGES.error; null if this is no answer of S3's
 */
export function codeInXml(body) {
  const code = /<Error>.*?<Code>([\w.]+)<\/Code>/s.exec(body)?.[1];
  if (code === undefined) return null;
  if (code.startsWith("KMS.")) return "store_unavailable";
  // An expired permission has no code of its own, only words: "Invalid according to Policy: Policy expired."
  return /\bexpired\b/.test(body) ? "upload_expired" : CODES.get(code) ?? "upload_refused";
}
