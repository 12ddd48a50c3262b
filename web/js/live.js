// Tells assistive technology what changed.

import { part } from "./elements.js";

/** @param {string} text */
export function announce(text) {
  part("live").textContent = text;
}
