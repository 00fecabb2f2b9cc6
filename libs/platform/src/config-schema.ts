import { z } from 'zod';
import { parseDurationSeconds, parseSizeBytes } from './units.js';

const NOT_YET = 'is not available in this version';
const HANDLE_TTL_SECONDS_MAX = 3600;
const CLOCK_SKEW_SECONDS_MAX = 60;

const duration = z.string().transform((text, context) => {
  const seconds = parseDurationSeconds(text);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'expected a duration such as 30s, 5m, 1h or 90d' });
  return z.NEVER;
});

const size = z.string().transform((text, context) => {
  const bytes = parseSizeBytes(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({
    code: 'custom',
    message: 'expected a size such as 512B, 64KiB, 10MiB or 1GiB',
  });
  return z.NEVER;
});

/** Midnight UTC after the day: the first instant at which what was to be reviewed no longer counts. */
const reviewDay = z.iso
  .date('expected a day such as 2027-03-31')
  .transform((day) => new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000));

/** One of `served`; what the contract knows and this version does not serve says so. */
const choice = <Served extends string>(served: readonly Served[], later: readonly string[]) =>
  z.string().transform((value, context): Served => {
    const found = served.find((one) => one === value);
    if (found !== undefined) return found;
    const message = later.includes(value)
      ? `${value} ${NOT_YET}; use ${served.join(', ')}`
      : `expected one of ${served.join(', ')}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const text = z.string().min(1, 'expected text, found nothing').max(512);
const environment = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'expected 1 to 32 of a-z, 0-9 and -');
const id = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected 1 to 63 of a-z, 0-9 and -');

const httpUrl = (value: string): URL | undefined => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return plain && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined;
};
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');

const publicOrigin = z.string().refine((value) => {
  const url = httpUrl(value);
  if (url?.origin !== value) return false;
  return url.protocol === 'https:' || isLoopback(url.hostname);
}, 'expected an origin such as https://postern.example, without path or trailing slash; http only on loopback');

const listen = z.strictObject({
  host: text,
  port: z.int().min(0).max(65_535),
});

const keys = z.union(
  [
    z.strictObject({ file: text, allowPrivate: z.boolean().optional() }),
    z.strictObject({ jwksUri: z.string(), allowPrivate: z.boolean().optional() }),
    z.strictObject({ discovery: z.literal(true), allowPrivate: z.boolean().optional() }),
  ],
  'expected { file: ... }, { jwksUri: ... } or { discovery: true }, and allowPrivate: true for a private address',
);

const tokenUse = z.string().transform((value, context) => {
  if (value === 'once' || value === 'reusable') return { kind: value } as const;
  const uses = Number(/^bounded:([1-9][0-9]{0,4})$/.exec(value)?.[1]);
  if (uses > 0) return { kind: 'bounded', uses } as const;
  context.addIssue({ code: 'custom', message: 'expected once, bounded:<n> or reusable' });
  return z.NEVER;
});

const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

const issuer = z.strictObject({
  id,
  kind: choice(['oidc'], ['spiffe', 'introspection']),
  issuer: z
    .string()
    .refine(
      (value) => httpUrl(value) !== undefined,
      'expected an http(s) URL without query or fragment',
    ),
  keys,
  algorithms: z.array(z.enum(ASYMMETRIC)).min(1),
  types: z
    .array(text.transform((type) => type.toLowerCase().replace(/^application\//, '')))
    .min(1)
    .default(['jwt']),
  subjects: z.enum(['workload', 'person']),
  tokenUse,
  maxLifetime: duration,
  maxAge: duration,
  clockSkew: duration
    .refine((seconds) => seconds <= CLOCK_SKEW_SECONDS_MAX, 'expected at most 60s')
    .default(30),
  requiredClaims: z.record(z.string(), z.json()).default({}),
  owner: text,
  purpose: text,
  reviewBy: reviewDay,
});

const inject = z
  .looseObject({
    as: choice(
      ['basic', 'bearer', 'header', 'query'],
      [
        'cookie',
        'form-login',
        'digest',
        'client-certificate',
        'oauth2-client-credentials',
        'hmac',
        'aws-sigv4',
        'soap-username-token',
        'body-field',
      ],
    ),
  })
  .pipe(
    z.discriminatedUnion('as', [
      z.strictObject({ as: z.literal('basic'), username: text, password: text }),
      z.strictObject({ as: z.literal('bearer'), value: text }),
      z.strictObject({ as: z.literal('header'), name: text, template: text }),
      z.strictObject({ as: z.literal('query'), name: text, value: text }),
    ]),
  );

const handle = z
  .strictObject({
    ttl: duration.default(300),
    maxTtl: duration
      .refine((seconds) => seconds <= HANDLE_TTL_SECONDS_MAX, 'expected at most 1h')
      .default(900),
    maxCalls: z.int().min(1).max(1_000_000_000).default(1000),
    binding: choice(['none'], ['dpop', 'mtls', 'any']).default('none'),
  })
  .refine(({ ttl, maxTtl }) => ttl <= maxTtl, {
    path: ['ttl'],
    message: 'expected no more than maxTtl',
  });

const call = z.strictObject({
  timeout: duration.default(30),
  connectTimeout: duration.default(5),
  headersTimeout: duration.optional(),
  idleTimeout: duration.default(30),
  maxRequestBytes: z.union([z.literal('unlimited'), size]).default(10 * 1024 * 1024),
  maxResponseBytes: z.union([z.literal('unlimited'), size]).default('unlimited'),
  maxConcurrency: z.int().min(1).max(10_000).default(256),
  audit: z.enum(['strict', 'buffered']).default('strict'),
});

const scrub = z.union(
  [
    z.enum(['stream', 'buffer']),
    z.strictObject({ off: text.describe('why the response may come back unscrubbed') }),
  ],
  'expected stream, buffer or { off: "<why>" }',
);

const resource = z.strictObject({
  id: id.refine(
    (value) => value !== 'postern',
    'is reserved for Postern itself: choose another id',
  ),
  environment,
  owner: text,
  connector: choice(['http'], ['postgres']).default('http'),
  destination: z
    .string()
    .refine(
      (value) => httpUrl(value) !== undefined,
      'expected an http(s) URL without userinfo, query or fragment',
    ),
  tls: z.strictObject({ caFile: text.optional(), serverName: text.optional() }).optional(),
  network: z.strictObject({ allowPrivate: z.boolean() }).default({ allowPrivate: false }),
  credential: z.strictObject({ ref: z.strictObject({ mount: text, path: text }) }),
  inject,
  presentations: z
    .array(choice(['bearer'], ['dpop', 'basic']))
    .min(1)
    .default(['bearer']),
  scopes: z.record(
    z.string().regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, 'expected a scope name such as ledger.read'),
    z.array(text).min(1),
  ),
  forbid: z.array(text).default([]),
  handle: handle.prefault({}),
  call: call.prefault({}),
  response: z.strictObject({ scrub: scrub.default('stream') }).default({ scrub: 'stream' }),
});

const cidr = z
  .string()
  .regex(/^[0-9a-fA-F.:]+(?:\/[0-9]{1,3})?$/, 'expected an address or CIDR such as 10.0.0.0/8');

/** `postern.yaml` as people write it. */
export const configSchema = z.strictObject({
  environment,
  publicOrigin,
  deployment: id.default('postern'),
  listen: z.strictObject({ public: listen, admin: listen }),
  trustedProxies: z.array(cidr).default([]),
  grants: text,
  issuers: z.array(issuer).min(1),
  resources: z.array(resource).min(1),
});

export type ConfigFile = z.infer<typeof configSchema>;
export type IssuerFile = ConfigFile['issuers'][number];
export type ResourceFile = ConfigFile['resources'][number];
