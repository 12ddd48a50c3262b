// Looks up a text by its key and fills in its values.

import { MESSAGES } from "./messages.js";

/**
 * @param {string} key path in MESSAGES, such as "error.busy.title"
 * @returns {string | undefined}
 */
export function lookup(key) {
  /** @type {any} */
  let found = MESSAGES;
  for (const part of key.split(".")) {
    found = typeof found === "object" && Object.hasOwn(found, part) ? found[part] : undefined;
  }
  return typeof found === "string" ? found : undefined;
}

/**
 * @param {string} key path in MESSAGES
 * @param {Record<string, string | number>} [values] what stands for each {name}
 * @returns {string} the text; a key without one is a mistake in the page and throws
 */
export function say(key, values = {}) {
  const text = lookup(key);
  if (text === undefined) throw new RangeError(`messages.js has no text for "${key}"`);
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    if (!Object.hasOwn(values, name)) throw new RangeError(`"${key}" needs a value for {${name}}`);
    return String(values[name]);
  });
}
