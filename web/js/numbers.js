// Numbers as people read them.

const LANGUAGE = "en";

/**
 * @param {number} p probability, 0 to 1
 * @returns {string} whole percents, one decimal where it matters (below 10, above 90), never a false 0 or 100
 */
export function percent(p) {
  if (p < 0.001) return "< 0.1%";
  if (p > 0.999) return "> 99.9%";
  const digits = p < 0.0995 || p >= 0.9005 ? 1 : 0;
  return number(p * 100, digits) + "%";
}

/**
 * @param {number} ms
 * @returns {string} without its unit
 */
export function milliseconds(ms) {
  return number(ms, ms < 10 ? 1 : 0);
}

/**
 * @param {number} time in hours
 * @returns {string} in the unit that suits it
 */
export function hours(time) {
  if (time < 1) return unit(Math.ceil(time * 60), "minute");
  return time < 48 ? unit(time, "hour") : unit(time / 24, "day");
}

/**
 * @param {number} bytes
 * @returns {string} in MB of 1024 × 1024 bytes, as the limits are set
 */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${number(bytes / 1024, 0)} kB`;
  const mb = bytes / (1024 * 1024);
  return `${number(mb, mb < 100 && !Number.isInteger(mb) ? 1 : 0)} MB`;
}

/**
 * @param {number} value
 * @param {number} digits after the point, always that many
 */
function number(value, digits) {
  return new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/**
 * @param {number} value
 * @param {string} name of a unit that ECMA-402 knows
 */
function unit(value, name) {
  return new Intl.NumberFormat(LANGUAGE, { style: "unit", unit: name, unitDisplay: "long", maximumFractionDigits: 1 }).format(value);
}
