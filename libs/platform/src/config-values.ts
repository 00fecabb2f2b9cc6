import { z } from 'zod';
import { isCidr, isConfidentialUrl, plainHttpUrl } from './network-address.js';
import { DURATION, parseDurationSeconds, parseSizeBytes, SIZE } from './units.js';

const NOT_YET = 'is not available in this version';
const TEXT_CHARACTERS_MAX = 512;
const URL_CHARACTERS_MAX = 2048;

const DURATION_EXPECTED = 'expected a duration such as 30s, 5m, 1h or 90d';

/** A duration in seconds, within limits of which each is a duration as people write it. */
export function duration(limits: {
  readonly min?: string;
  readonly max: string;
}): z.ZodType<number, string> {
  const min = parseDurationSeconds(limits.min ?? '1s') ?? Number.NaN;
  const max = parseDurationSeconds(limits.max) ?? Number.NaN;
  return z
    .string(DURATION_EXPECTED)
    .regex(DURATION, DURATION_EXPECTED)
    .transform((text) => parseDurationSeconds(text) ?? Number.NaN)
    .refine(
      (seconds) => seconds >= min && seconds <= max,
      `expected ${limits.min ?? '1s'} to ${limits.max}`,
    );
}

const SIZE_EXPECTED = 'expected a size such as 512B, 64KiB, 10MiB or 1GiB, or unlimited';

const BOUNDED_SIZE_EXPECTED = 'expected a size such as 512B, 64KiB, 10MiB or 1GiB';

/** Bytes; infinitely many for `unlimited`. */
export const size = z
  .string(SIZE_EXPECTED)
  .regex(new RegExp(`^(?:unlimited|(?:${SIZE.source.slice(1, -1)}))$`), SIZE_EXPECTED)
  .transform((text) => parseSizeBytes(text) ?? Number.POSITIVE_INFINITY);

/** Bytes, and no more than can be told. */
export const boundedSize = z
  .string(BOUNDED_SIZE_EXPECTED)
  .regex(SIZE, BOUNDED_SIZE_EXPECTED)
  .transform((text) => parseSizeBytes(text) ?? 0);

const DAY_MS = 86_400_000;

/** A day, as the midnight UTC after it: the first instant at which what was to be reviewed no longer counts. */
export const reviewDay = z.iso
  .date('expected a day such as 2027-03-31')
  .transform((day) => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS));

/** One of `served`. What the contract knows and this version does not serve is refused, and says so. */
export const choice = <const Served extends readonly string[]>(
  served: Served,
  later: readonly string[] = [],
): z.ZodType<Served[number], Served[number]> =>
  z.enum(served, { error: ({ input }) => choiceProblem(input, served, later) });

export function choiceProblem(
  input: unknown,
  served: readonly string[],
  later: readonly string[],
): string {
  if (typeof input !== 'string' || !later.includes(input)) return `expected ${oneOf(served)}`;
  return `"${input}" ${NOT_YET}: expected ${oneOf(served)}`;
}

const oneOf = (names: readonly string[]): string =>
  names.length === 1 ? String(names[0]) : `one of ${names.join(', ')}`;

export const text = z
  .string()
  .min(1, 'expected text, and it is empty')
  .max(TEXT_CHARACTERS_MAX, `expected at most ${TEXT_CHARACTERS_MAX} characters`)
  .refine(
    (value) => !/[\p{Cc}\p{Cs}]/u.test(value),
    'expected one line of text without control characters',
  );

export const environment = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
    'expected 1 to 32 of a-z, 0-9 and "-", with neither end a "-"',
  );

export const id = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'expected 1 to 63 of a-z, 0-9 and "-", with neither end a "-"',
  );

export const httpUrl = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine(
    (value) => plainHttpUrl(value) !== undefined,
    'expected an http or https URL without userinfo, query or fragment',
  );

export const confidentialUrl = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine(
    isConfidentialUrl,
    'expected an https URL without userinfo, query or fragment; http only on loopback',
  );

export const httpsUrl = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine(
    (value) => plainHttpUrl(value)?.protocol === 'https:',
    'expected an https URL without userinfo, query or fragment',
  );

/** SPIFFE-ID section 2.1. */
export const trustDomain = z
  .string()
  .regex(
    /^[a-z0-9._-]{1,255}$/,
    'expected the name of a trust domain such as prod.example, of a-z, 0-9, ".", "_" and "-"',
  );

export const publicOrigin = z
  .string()
  .refine(
    (value) => plainHttpUrl(value)?.origin === value && isConfidentialUrl(value),
    'expected an origin such as https://postern.example, without path and trailing slash; http only on loopback',
  );

export const cidr = z
  .string()
  .refine(isCidr, 'expected an address or a range of addresses such as 10.0.0.0/8');

/** How often one subject token may be exchanged. */
export const tokenUse = z
  .string()
  .regex(
    /^(?:once|reusable|bounded:[1-9][0-9]{0,4})$/,
    'expected once, bounded:<n> with 1 to 99999, or reusable',
  )
  .transform((value) => {
    if (value === 'once' || value === 'reusable') return { kind: value } as const;
    return { kind: 'bounded', uses: Number(value.slice('bounded:'.length)) } as const;
  });

const SEGMENT = String.raw`(?!\.{1,2}(?:/|$))[A-Za-z0-9\-._~!$&'()+,=:@]+`;

/** A path below a destination that readers do not differ on: no empty and no dot segment, nothing encoded, no query. */
export const CANONICAL_PATH = new RegExp(`^/(?:${SEGMENT}(?:/${SEGMENT})*/?)?$`);

export const canonicalPath = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .regex(
    CANONICAL_PATH,
    'expected a path such as /accounts/health, without query, encoded characters, empty and dot segments',
  );

const refPart = text.refine(
  (value) => value.split('/').every((segment) => !['', '.', '..'].includes(segment)),
  'expected segments separated by "/", none of them empty or a dot segment',
);

/** Where a secret lies. */
export const secretRef = z.strictObject({ mount: refPart, path: refPart });
