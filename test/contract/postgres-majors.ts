/**
 * PostgreSQL's of a suite in which nothing depends on which one it is: the older one has its turn in the long run. That
 * each function does its work on both is seen in the short run as well: by `postgres-roles`, and by the suites that hold
 * the stores to their contracts.
 */
export const MAJORS: readonly (18 | 15)[] =
  process.env['POSTERN_TEST_VOLUME'] === 'long' ? [18, 15] : [18];
