// Finds the parts of the page by id: a part that is missing is a mistake in index.html and is named at once.

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind] what it must be; HTMLElement if not given
 * @returns {T}
 */
export function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof (kind ?? HTMLElement))) throw new TypeError(`index.html has no such part: #${id}`);
  return /** @type {T} */ (/** @type {unknown} */ (found));
}

/**
 * @param {string} id
 * @param {string} text
 */
export function write(id, text) {
  part(id).textContent = text;
}
