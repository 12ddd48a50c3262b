// The order of films: another one for each reader, the same each time that reader opens the sheet.

/** @typedef {{key: string, showing: 1 | 2}} Showing */

/** Films between the first and the second look at one, at least, where there are enough. */
const LEAST_BETWEEN = 20;

/**
 * @param {string[]} keys of the films
 * @param {string} seed
 * @param {number} repeats how many films come twice, at most half of them
 * @returns {Showing[]}
 */
export function order(keys, seed, repeats) {
  const random = numbers(seed);
  const first = shuffled(keys, random);
  const between = Math.min(LEAST_BETWEEN, Math.floor(first.length / 2));
  const early = first.slice(0, first.length - between).map((_, at) => at);
  const twice = new Set(shuffled(early, random).slice(0, repeats));
  const placed = first.flatMap((key, at) => {
    /** @type {{key: string, showing: 1 | 2, at: number}[]} */
    const showings = [{ key, showing: 1, at }];
    const earliest = at + between + 0.5;
    if (twice.has(at)) showings.push({ key, showing: 2, at: earliest + random() * (first.length - earliest) });
    return showings;
  });
  return placed.sort((a, b) => a.at - b.at).map(({ key, showing }) => ({ key, showing }));
}

/**
 * Fisher and Yates.
 *
 * @template T
 * @param {T[]} items
 * @param {() => number} random
 * @returns {T[]}
 */
function shuffled(items, random) {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [/** @type {T} */ (copy[other]), /** @type {T} */ (copy[last])];
  }
  return copy;
}

/**
 * Numbers in [0, 1) that follow from a text: xorshift32 (Marsaglia, 2003), started by the text's FNV-1a hash.
 *
 * @param {string} seed
 * @returns {() => number}
 */
function numbers(seed) {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(seed)) state = Math.imul(state ^ byte, 0x01000193);
  state = state >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 16; i++) next(); // like seeds start alike
  return next;
}
