// What can be refused before anything leaves the computer: a wrong drop should not send someone's letter to a server.

import { HEAD_BYTES, formatOf } from "./formats.js";
import { Problem } from "./problem.js";

/**
 * @param {Blob} file
 * @param {number} maxBytes largest file that the server reads
 * @returns {Promise<import("./formats.js").Format>} its format
 * @throws {Problem} empty_file, file_too_large, unsupported_format, file_unreadable
 */
export async function check(file, maxBytes) {
  let head;
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    throw new Problem("file_unreadable"); // a folder, or a file that has gone since it was chosen
  }
  if (head.length === 0) throw new Problem("empty_file");
  if (file.size > maxBytes) throw new Problem("file_too_large");
  const format = formatOf(head);
  if (format === null) throw new Problem("unsupported_format");
  return format;
}
