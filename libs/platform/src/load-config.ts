import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { ConfigError, type ConfigProblem } from './config-error.js';
import {
  type ConfigFile,
  configSchema,
  type IssuerFile,
  type ResourceFile,
} from './config-schema.js';
import { type IssuerEntry, type PosternConfig, type ResourceEntry } from './postern-config.js';
import { problemsOf } from './schema-problems.js';

const CONFIG_BYTES_MAX = 1024 * 1024;

/**
 * Reads `postern.yaml`.
 * @throws ConfigError with every problem: file, path, what was found, what was expected
 */
export function loadConfig(file: string): PosternConfig {
  const written = parseYaml(file, readText(file));
  const parsed = configSchema.safeParse(written);
  if (!parsed.success) throw new ConfigError(problemsOf(file, parsed.error, written));
  const problems = [...duplicates(file, parsed.data), ...foreign(file, parsed.data)];
  if (problems.length > 0) throw new ConfigError(problems);
  return compile(file, parsed.data);
}

function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const what = `cannot be read (${reason}): set POSTERN_CONFIG to the file, or start where it lies`;
    throw new ConfigError([{ where: file, path: '', what }]);
  }
  if (text.length > CONFIG_BYTES_MAX) {
    throw new ConfigError([{ where: file, path: '', what: 'is larger than 1 MiB' }]);
  }
  return text;
}

function parseYaml(file: string, text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true, merge: false });
  const [first] = document.errors;
  if (first !== undefined) {
    const at = first.linePos?.[0];
    const path = at === undefined ? '' : `line ${at.line}, column ${at.col}`;
    throw new ConfigError([{ where: file, path, what: first.message.split('\n')[0] ?? 'no YAML' }]);
  }
  return document.toJS({ maxAliasCount: 0 });
}

function duplicates(file: string, config: ConfigFile): ConfigProblem[] {
  const repeated = (
    list: 'issuers' | 'resources',
    values: readonly string[],
    name: string,
  ): ConfigProblem[] =>
    values.flatMap((value, index) =>
      values.indexOf(value) === index
        ? []
        : [
            {
              where: file,
              path: `${list}[${index}].${name}`,
              what: `"${value}" stands there twice: each must be its own`,
            },
          ],
    );
  return [
    ...repeated(
      'issuers',
      config.issuers.map(({ id }) => id),
      'id',
    ),
    ...repeated(
      'issuers',
      config.issuers.map(({ issuer }) => issuer),
      'issuer',
    ),
    ...repeated(
      'resources',
      config.resources.map(({ id }) => id),
      'id',
    ),
  ];
}

function foreign(file: string, config: ConfigFile): ConfigProblem[] {
  return config.resources.flatMap(({ environment }, index) =>
    environment === config.environment
      ? []
      : [
          {
            where: file,
            path: `resources[${index}].environment`,
            what: `"${environment}" is not the environment of this deployment ("${config.environment}"): a deployment serves one`,
          },
        ],
  );
}

function compile(file: string, config: ConfigFile): PosternConfig {
  const folder = dirname(resolve(file));
  return {
    file,
    environment: config.environment,
    publicOrigin: config.publicOrigin,
    deployment: config.deployment,
    listen: config.listen,
    trustedProxies: config.trustedProxies,
    grantsFolder: resolve(folder, config.grants),
    issuers: config.issuers.map((issuer) => issuerEntry(issuer, folder)),
    resources: config.resources.map((resource) => resourceEntry(resource, folder)),
  };
}

function issuerEntry(issuer: IssuerFile, folder: string): IssuerEntry {
  const { keys, maxLifetime, maxAge, clockSkew, ...same } = issuer;
  return {
    ...same,
    keys: keyLocation(keys, folder),
    maxLifetimeSeconds: maxLifetime,
    maxAgeSeconds: maxAge,
    clockSkewSeconds: clockSkew,
    allowPrivateKeyEndpoint: keys.allowPrivate ?? false,
  };
}

function keyLocation(keys: IssuerFile['keys'], folder: string): IssuerEntry['keys'] {
  if ('file' in keys) return { kind: 'file', path: resolve(folder, keys.file) };
  if ('jwksUri' in keys) return { kind: 'uri', uri: keys.jwksUri };
  return { kind: 'discovery' };
}

function resourceEntry(resource: ResourceFile, folder: string): ResourceEntry {
  const { tls, inject, handle, call, response, ...same } = resource;
  const { as: kind, ...fields } = inject;
  return {
    ...same,
    tls: tls === undefined ? undefined : tlsEntry(tls, folder),
    inject: { kind, ...fields } as ResourceEntry['inject'],
    handle: {
      ttlSeconds: handle.ttl,
      maxTtlSeconds: handle.maxTtl,
      maxCalls: handle.maxCalls,
      binding: handle.binding,
    },
    call: callLimits(call),
    response: { scrub: typeof response.scrub === 'string' ? response.scrub : 'off' },
  };
}

function tlsEntry(
  tls: { caFile?: string | undefined; serverName?: string | undefined },
  folder: string,
): NonNullable<ResourceEntry['tls']> {
  return {
    ...(tls.caFile === undefined ? {} : { caFile: resolve(folder, tls.caFile) }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
  };
}

function callLimits(call: ResourceFile['call']): ResourceEntry['call'] {
  const bytes = (limit: number | 'unlimited'): number =>
    limit === 'unlimited' ? Number.POSITIVE_INFINITY : limit;
  return {
    totalTimeoutMs: call.timeout * 1000,
    connectTimeoutMs: call.connectTimeout * 1000,
    headersTimeoutMs: (call.headersTimeout ?? call.timeout) * 1000,
    idleTimeoutMs: call.idleTimeout * 1000,
    requestBytesMax: bytes(call.maxRequestBytes),
    responseBytesMax: bytes(call.maxResponseBytes),
    concurrencyMax: call.maxConcurrency,
    audit: call.audit,
  };
}
