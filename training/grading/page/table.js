// Grades as a CSV file, safe to open in a spreadsheet.

/** @typedef {{severity: string, seconds: number, graded_at: string, comment: string}} Mark */

const COLUMNS = ["image_id", "reader", "severity", "showing", "seconds", "graded_at", "comment"];

/**
 * @param {import("./order.js").Showing[]} showings in order
 * @param {string} reader
 * @param {(showing: import("./order.js").Showing) => Mark | undefined} markOf
 * @returns {string} RFC 4180, without films that have no mark
 */
export function csv(showings, reader, markOf) {
  const rows = showings.flatMap((showing) => {
    const mark = markOf(showing);
    if (!mark?.severity) return [];
    const seconds = mark.seconds.toFixed(1);
    return [[showing.key, reader, mark.severity, String(showing.showing), seconds, mark.graded_at, mark.comment]];
  });
  return [COLUMNS, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/**
 * @param {string} text
 * @returns {string} quoted; what a spreadsheet would run as a formula is made plain text by an apostrophe
 */
function cell(text) {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
