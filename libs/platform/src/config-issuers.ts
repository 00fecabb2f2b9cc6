import { z } from 'zod';
import {
  choice,
  choiceProblem,
  confidentialUrl,
  duration,
  httpsUrl,
  httpUrl,
  id,
  reviewDay,
  text,
  tokenUse,
  trustDomain,
} from './config-values.js';

const allowPrivate = z
  .boolean()
  .default(false)
  .describe('private and loopback addresses may be asked; link-local and metadata ones never');

const refresh = duration({ min: '10s', max: '1h' })
  .prefault('5m')
  .describe('a key that the issuer removed is refused after this time');

/** Where public keys come from. */
export const keys = z.union(
  [
    z.strictObject({ file: text.describe('JWKS; relative to this file'), allowPrivate }),
    z.strictObject({ jwksUri: confidentialUrl, allowPrivate, refresh }),
    z.strictObject({ discovery: z.literal(true), allowPrivate, refresh }),
  ],
  'expected { discovery: true }, { jwksUri: <https URL> } or { file: <path> }, and with the first two allowPrivate: true for a private address',
);

const SVID_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;
const ASYMMETRIC = [...SVID_ALGORITHMS, 'EdDSA', 'Ed25519'] as const;

const algorithms = <const Names extends readonly string[]>(names: Names) =>
  z.array(choice(names)).min(1, 'expected at least one algorithm');

/** What every signer but a trust domain may sign with; never a shared secret. */
export const signatureAlgorithms = algorithms(ASYMMETRIC);

const subjects = z.enum(['workload', 'person']);
const maxAge = duration({ max: '366d' }).describe('longest time since iat');

/** What every kind of issuer says. */
const terms = {
  id,
  tokenUse: tokenUse.describe('how often one subject token may be exchanged'),
  maxLifetime: duration({ max: '366d' }).describe('longest exp - iat'),
  clockSkew: duration({ min: '0s', max: '60s' }).prefault('30s'),
  requiredClaims: z
    .record(text, z.json())
    .default({})
    .describe('each is present and equal to the value, or to one of a list'),
  owner: text,
  purpose: text,
  reviewBy: reviewDay.describe('the last day (UTC) on which the issuer is trusted'),
};

/** An issuer whose tokens may lack `iat`: with a limit of their age, such a token is refused. */
const ageIfLimited = maxAge
  .optional()
  .describe('longest time since iat; when absent, as maxLifetime');

const oidc = z.strictObject({
  kind: z.literal('oidc'),
  issuer: httpUrl.describe('the `iss` of its tokens, compared byte for byte'),
  keys,
  algorithms: signatureAlgorithms,
  types: z
    .array(text.transform((type) => type.toLowerCase().replace(/^application\//, '')))
    .min(1, 'expected at least one type such as JWT')
    .prefault(['JWT'])
    .describe('accepted `typ`; an absent one counts as JWT'),
  subjects,
  maxAge,
  ...terms,
});

const PROFILE_EXPECTED =
  'expected https_web. The profile https_spiffe, whose server shows an X509-SVID, is not available in this version: ' +
  'serve the bundle by https_web, or write it to a file';

const bundle = z.union(
  [
    z.strictObject({ file: text.describe('SPIFFE bundle; relative to this file') }),
    z.strictObject({
      endpoint: httpsUrl,
      // Not an enumeration: of alternatives, only what goes on after a fault says which setting is at fault.
      profile: z
        .string()
        .refine((profile) => profile === 'https_web', PROFILE_EXPECTED)
        .meta({ enum: ['https_web'] })
        .describe('whom the certificate of the endpoint must come from: a web authority'),
      allowPrivate,
    }),
  ],
  'expected { file: <path> } or { endpoint: <https URL>, profile: https_web }, and with the second allowPrivate: true for a private address',
);

const spiffe = z.strictObject({
  kind: z.literal('spiffe'),
  trustDomain: trustDomain.describe('judges every token whose `sub` is a SPIFFE ID of it'),
  bundle,
  algorithms: algorithms(SVID_ALGORITHMS).default([...SVID_ALGORITHMS]),
  subjects: subjects.default('workload'),
  maxAge: ageIfLimited,
  ...terms,
});

const introspection = z.strictObject({
  kind: z.literal('introspection'),
  issuer: httpUrl.describe('whom its subjects belong to; an `iss` in the answer must be it'),
  endpoint: confidentialUrl.describe('asked about each token (RFC 7662)'),
  clientAuth: z
    .strictObject({ secretRef: z.strictObject({ mount: text, path: text }) })
    .describe('a secret with the fields client_id and client_secret'),
  audience: z
    .enum(['required', 'any'])
    .default('required')
    .describe('whether the answer must name this deployment as the only `aud`'),
  allowPrivate,
  subjects,
  maxAge: ageIfLimited,
  ...terms,
});

const KINDS = ['oidc', 'spiffe', 'introspection'] as const;

const kindAsWritten = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;

/** Who may vouch for workloads: one entry of `issuers`. */
export const issuer = z.discriminatedUnion('kind', [oidc, spiffe, introspection], {
  // Of what is no mapping zod itself says that it should be one.
  error: ({ input }) =>
    typeof input === 'object' ? choiceProblem(kindAsWritten(input), KINDS, []) : undefined,
});

export type IssuerFile = z.output<typeof issuer>;
export type KeysFile = z.output<typeof keys>;
