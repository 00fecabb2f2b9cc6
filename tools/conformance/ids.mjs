// The ids of requirements, such as X-08, in the name of a test: alone, in a list, or as a range `X-24 to X-28`.
const ID_OR_RANGE = /\b([A-Z])-(\d\d)\b(?:(?: to |\.\.|–)\1-(\d\d)\b)?/g;

export const ID = /^[A-Z]-\d\d$/;

/** @returns {string[]} each id once, in the order in which they stand there */
export function idsIn(text) {
  const ids = new Set();
  for (const [, letter, first, last = first] of text.matchAll(ID_OR_RANGE)) {
    for (let n = Number(first); n <= Number(last); n += 1) {
      ids.add(`${letter}-${String(n).padStart(2, '0')}`);
    }
  }
  return [...ids];
}
