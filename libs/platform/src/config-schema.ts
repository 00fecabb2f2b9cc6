import { z } from 'zod';
import { audit } from './config-audit.js';
import { detection } from './config-detection.js';
import { evidence } from './config-evidence.js';
import { issuer } from './config-issuers.js';
import { inject } from './config-inject.js';
import { clientCertificateHeader, listen } from './config-listeners.js';
import { prober } from './config-prober.js';
import { rotation } from './config-rotation.js';
import { leakReporter } from './config-leak-reports.js';
import { signal } from './config-signals.js';
import {
  choice,
  cidr,
  duration,
  environment,
  httpUrl,
  id,
  publicOrigin,
  secretRef,
  size,
  text,
} from './config-values.js';

const CALLS_MAX = 1_000_000_000;
const CONCURRENCY_MAX = 10_000;
const ENTRIES_MAX = 1000;

const handle = z
  .strictObject({
    ttl: duration({ max: '1h' }).prefault('5m').describe('life of a handle when none is asked for'),
    maxTtl: duration({ max: '1h' }).prefault('15m').describe('longest life of a handle'),
    maxCalls: z.int().min(1).max(CALLS_MAX).default(1000).describe('most calls of one handle'),
    maxConcurrency: z
      .int()
      .min(1)
      .max(CONCURRENCY_MAX)
      .default(64)
      .describe('calls of one handle at once; more are refused with 503'),
    binding: z.enum(['none', 'dpop', 'mtls', 'any']).default('none'),
  })
  .refine(({ ttl, maxTtl }) => ttl <= maxTtl, {
    path: ['ttl'],
    error: 'expected no more than maxTtl',
  });

const call = z.strictObject({
  timeout: duration({ max: '24h' }).prefault('30s').describe('of the whole call'),
  connectTimeout: duration({ max: '5m' }).prefault('5s'),
  headersTimeout: duration({ max: '24h' })
    .optional()
    .describe('until the answer begins; when absent, as timeout'),
  idleTimeout: duration({ max: '24h' }).prefault('30s').describe('without a byte either way'),
  maxRequestBytes: size.prefault('10MiB'),
  maxResponseBytes: size.prefault('unlimited'),
  maxConcurrency: z
    .int()
    .min(1)
    .max(CONCURRENCY_MAX)
    .default(256)
    .describe('calls at once; more are refused with 503'),
  audit: z.enum(['strict', 'buffered']).default('strict'),
});

const scrub = z.union(
  [
    z.enum(['stream', 'buffer']),
    z.strictObject({ off: text.describe('why the answer may come back unscrubbed') }),
  ],
  'expected stream, buffer or { off: "<why the answer may come back unscrubbed>" }',
);

const why = text.optional();
const allow = z
  .strictObject(
    {
      'encoded-slash': why.describe('why paths hold %2F: a segment may have a slash in it'),
      'path-parameter': why.describe('why paths hold ";": a segment may have parameters'),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type'
          ? 'expected names of exceptions, each with why the resource needs it, such as { encoded-slash: "<why>" }'
          : undefined,
    },
  )
  .default({})
  .describe('what its paths may hold although readers differ on it, each with the reason');

const operation = text.describe(
  'method and path template, such as GET /accounts/{id}; UPGRADE for a GET that becomes a WebSocket',
);

const resource = z
  .strictObject({
    id: id
      .refine((value) => value !== 'postern', 'expected another id: this one is reserved')
      .describe('the `audience` value and the path segment'),
    environment,
    owner: text,
    connector: choice(['http'], ['postgres']).default('http'),
    destination: httpUrl.describe('origin and base path'),
    tls: z
      .strictObject({
        caFile: text.optional(),
        serverName: text.optional(),
        http2: z.boolean().optional().describe('speak HTTP/2, and nothing else; absent: HTTP/1.1'),
      })
      .optional()
      .describe('https destinations; caFile is relative to this file'),
    network: z
      .strictObject({ allowPrivate: z.boolean().default(false) })
      .default({ allowPrivate: false })
      .describe('link-local and metadata addresses are always refused'),
    credential: z.strictObject({ ref: z.strictObject({ mount: text, path: text }) }),
    inject,
    presentations: z
      .array(choice(['bearer', 'dpop', 'basic'], []))
      .min(1, 'expected [bearer]')
      .default(['bearer'])
      .describe('how unbound handles are presented; basic: as the password, any user name'),
    scopes: z
      .record(
        z
          .string()
          .regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/, 'expected a scope name such as ledger.read'),
        z.array(operation).min(1, 'expected at least one operation').max(ENTRIES_MAX),
      )
      .refine((scopes) => Object.keys(scopes).length > 0, 'expected at least one scope'),
    forbid: z
      .array(operation)
      .max(ENTRIES_MAX)
      .default([])
      .describe('operations that no scope may contain'),
    allow,
    handle: handle.prefault({}),
    call: call.prefault({}),
    response: z.strictObject({ scrub: scrub.default('stream') }).default({ scrub: 'stream' }),
    rotation: rotation
      .optional()
      .describe('how its credential is rotated; absent: the newest version in the store is used'),
  })
  .refine(({ tls, destination }) => tls === undefined || destination.startsWith('https:'), {
    path: ['tls'],
    error: 'expected none: the destination is not https',
  })
  .refine(
    ({ response, call: { maxResponseBytes } }) => {
      // A buffered answer is held in memory as a whole.
      return response.scrub !== 'buffer' || Number.isFinite(maxResponseBytes);
    },
    {
      path: ['call', 'maxResponseBytes'],
      error: 'expected a size such as 10MiB, since scrub: buffer holds the whole answer in memory',
    },
  );

const rotator = z
  .strictObject({
    intakeKey: secretRef
      .prefault({ mount: 'secret', path: 'postern/rotator-intake' })
      .describe('where the rotators keep the key that wrapping tokens are encrypted to'),
  })
  .prefault({});

/** `postern.yaml` as people write it. */
export const configSchema = z.strictObject({
  environment: environment.describe('the one environment that this deployment serves'),
  publicOrigin: publicOrigin.describe(
    'issuer identifier, and the only accepted `aud` of subject tokens',
  ),
  deployment: id.default('postern').describe('names this installation in the source of events'),
  listen,
  trustedProxies: z
    .array(cidr)
    .max(ENTRIES_MAX)
    .default([])
    .describe('only from these are Forwarded and X-Forwarded-* headers read'),
  clientCertificateHeader,
  dpop: z
    .strictObject({
      nonces: z
        .enum(['required', 'off'])
        .default('required')
        .describe('whether a proof must carry a nonce of ours (RFC 9449 sections 8 and 9)'),
    })
    .prefault({}),
  prober: prober.prefault({}),
  evidence: evidence.prefault({}),
  detection: detection.prefault({}),
  audit: audit.optional().describe('signed checkpoints over all events; absent: there are none'),
  rotator,
  grants: text.describe('folder of grant files; relative to this file'),
  issuers: z.array(issuer).min(1, 'expected at least one issuer').max(ENTRIES_MAX),
  signals: z
    .array(signal)
    .max(ENTRIES_MAX)
    .default([])
    .describe('transmitters of Security Event Tokens (RFC 8417), whose events revoke handles'),
  leakReports: z
    .array(leakReporter)
    .max(ENTRIES_MAX)
    .default([])
    .describe('who may report, with a signature, that handles lie in public: they are revoked'),
  resources: z.array(resource).min(1, 'expected at least one resource').max(ENTRIES_MAX),
});

export type ConfigFile = z.output<typeof configSchema>;
export { type IssuerFile } from './config-issuers.js';
export type ResourceFile = ConfigFile['resources'][number];
