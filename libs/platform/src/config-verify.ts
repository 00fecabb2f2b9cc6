import { z } from 'zod';
import { status } from './config-change-http.js';
import { CANONICAL_PATH } from './config-values.js';

const STATUSES_MAX = 20;
const PATH = CANONICAL_PATH.source.slice(1, -1);
const PATH_RULE = 'without query, encoded characters, empty and dot segments';
const CHARACTERS_MAX = 2048;

const EXPECTED = `expected GET and a path below the destination, such as GET /accounts/health, ${PATH_RULE}; or { request: POST /login-check, expect: [200] }`;

const call = (methods: string, expected: string): z.ZodString =>
  z
    .string()
    .max(CHARACTERS_MAX)
    .regex(new RegExp(`^(?:${methods}) (?:${PATH})$`), expected);

/** One call by which a value is tried: an entry of `rotation.verify`. */
export const verification = z.union(
  [
    call('GET', EXPECTED),
    z.strictObject({
      request: call(
        'GET|HEAD|POST|PUT|PATCH|DELETE',
        `expected a method and a path below the destination, such as POST /login-check, ${PATH_RULE}`,
      ),
      expect: z
        .array(status(200))
        .min(1, 'expected at least one status')
        .max(STATUSES_MAX)
        .describe('statuses that say that the value works'),
    }),
  ],
  EXPECTED,
);

export interface VerificationEntry {
  readonly method: string;
  /** Below the destination. */
  readonly path: string;
  /** Undefined: any status but refusals and 5xx. */
  readonly expect: readonly number[] | undefined;
}

export function verificationEntry(written: z.output<typeof verification>): VerificationEntry {
  const [request, expect] =
    typeof written === 'string' ? [written, undefined] : [written.request, written.expect];
  const [method = '', path = ''] = request.split(' ');
  return { method, path, expect };
}
