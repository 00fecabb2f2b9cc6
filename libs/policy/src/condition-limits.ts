/** Of the text, in UTF-16 code units. */
export const SOURCE_CHARACTERS_MAX = 1024;

/**
 * Opening brackets `(`, `[` and `{` of the text, wherever they stand. The time that the parser takes grows with the
 * cube of how deep they nest, so they are counted before it runs; counting those in strings too keeps this sound.
 */
export const BRACKETS_MAX = 64;

/** Of the syntax tree, macros expanded: `all` and its like count as what they stand for. */
export const NODES_MAX = 256;

/** Levels of the syntax tree, macros expanded. */
export const DEPTH_MAX = 32;

/** How deep `all`, `exists`, `exists_one`, `map` and `filter` stand in one another. One after another is fine. */
export const COMPREHENSION_DEPTH_MAX = 1;

/**
 * What one judgement may cost, in units; see ConditionMeter. A usual condition costs less than 100. This is a list of
 * 3,000 elements through `exists` or `all`, of 300 through `map` or `filter`: more than a token of 8 KiB holds.
 */
export const COST_UNITS_MAX = 100_000;

/** Characters or bytes that cost one unit. */
export const CHARACTERS_PER_UNIT = 8;

/** Levels of lists and objects in one claim; a token that Postern accepts has at most 10. */
export const CLAIM_DEPTH_MAX = 16;

/** Of the reason that an outcome gives. */
export const ERROR_CHARACTERS_MAX = 200;
