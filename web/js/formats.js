// Tells a film's format from its first bytes, as the server does: names and types of files are often wrong.

/** Bytes needed from the start of a file: DICOM has its mark behind a preamble of 128 (PS3.10, section 7.1). */
export const HEAD_BYTES = 132;

const SHOWN_BY_BROWSERS = new Set(["png", "jpeg", "webp"]);

/**
 * @param {Uint8Array} head first bytes of the file
 * @returns {Format | null} null: none that is read here
 */
export function formatOf(head) {
  const starts = (/** @type {number[]} */ mark, at = 0) => mark.every((byte, i) => head[at + i] === byte);
  if (starts(ascii("DICM"), 128)) return "dicom";
  if (starts([0x89, ...ascii("PNG"), 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (starts([0xff, 0xd8, 0xff])) return "jpeg";
  if (starts([...ascii("II"), 42, 0]) || starts([...ascii("MM"), 0, 42])) return "tiff";
  if (starts([...ascii("II"), 43, 0]) || starts([...ascii("MM"), 0, 43])) return "tiff"; // BigTIFF
  if (starts(ascii("RIFF")) && starts(ascii("WEBP"), 8)) return "webp";
  return null;
}

/** @typedef {"png" | "jpeg" | "tiff" | "webp" | "dicom"} Format */

/** @param {Format} format @returns {string} its media type, whatever the file's own name or type claims */
export function mediaTypeOf(format) {
  return format === "dicom" ? "application/dicom" : `image/${format}`;
}

/** @param {string | null} format as formatOf gives it */
export function isShownByBrowsers(format) {
  return format !== null && SHOWN_BY_BROWSERS.has(format);
}

/** @param {string} text */
function ascii(text) {
  return [...text].map((letter) => letter.charCodeAt(0));
}
