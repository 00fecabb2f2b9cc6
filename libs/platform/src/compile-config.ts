import { dirname, resolve } from 'node:path';
import { type AppName } from './app-name.js';
import { type ConfigFile, type IssuerFile, type ResourceFile } from './config-schema.js';
import {
  type IssuerEntry,
  type ListenAddress,
  type PosternConfig,
  type ResourceEntry,
} from './postern-config.js';

/** From what people write to what the process works with: units, absolute paths, the listeners of this process. */
export function compileConfig(file: string, config: ConfigFile, app: AppName): PosternConfig {
  const folder = dirname(file);
  return {
    file,
    environment: config.environment,
    publicOrigin: config.publicOrigin,
    deployment: config.deployment,
    listen: listenersOf(config.listen, app),
    trustedProxies: config.trustedProxies,
    grantsFolder: resolve(folder, config.grants),
    issuers: config.issuers.map((issuer) => issuerEntry(issuer, folder)),
    resources: config.resources.map((resource) => resourceEntry(resource, folder)),
  };
}

interface OwnListeners {
  readonly public?: ListenAddress | undefined;
  readonly admin?: ListenAddress | undefined;
}

function listenersOf(listen: ConfigFile['listen'], app: AppName): PosternConfig['listen'] {
  const own: OwnListeners = (app === 'standalone' ? undefined : listen[app]) ?? {};
  return { public: own.public ?? listen.public, admin: own.admin ?? listen.admin };
}

function issuerEntry(issuer: IssuerFile, folder: string): IssuerEntry {
  const { keys, maxLifetime, maxAge, clockSkew, ...same } = issuer;
  return {
    ...same,
    keys: keyLocation(keys, folder),
    maxLifetimeSeconds: maxLifetime,
    maxAgeSeconds: maxAge,
    clockSkewSeconds: clockSkew,
    allowPrivateKeyEndpoint: keys.allowPrivate,
  };
}

function keyLocation(keys: IssuerFile['keys'], folder: string): IssuerEntry['keys'] {
  if ('file' in keys) return { kind: 'file', path: resolve(folder, keys.file) };
  if ('jwksUri' in keys) return { kind: 'uri', uri: keys.jwksUri };
  return { kind: 'discovery' };
}

function resourceEntry(resource: ResourceFile, folder: string): ResourceEntry {
  const { id, environment, owner, destination, network, credential } = resource;
  const { presentations, scopes, forbid, tls, handle, response } = resource;
  return {
    ...{ id, environment, owner, destination, network, credential, presentations, scopes, forbid },
    tls: tls === undefined ? undefined : tlsEntry(tls, folder),
    inject: injectEntry(resource.inject),
    handle: {
      ttlSeconds: handle.ttl,
      maxTtlSeconds: handle.maxTtl,
      maxCalls: handle.maxCalls,
      binding: handle.binding,
    },
    call: callLimits(resource.call),
    response: { scrub: typeof response.scrub === 'string' ? response.scrub : 'off' },
  };
}

function tlsEntry(
  { caFile, serverName }: NonNullable<ResourceFile['tls']>,
  folder: string,
): NonNullable<ResourceEntry['tls']> {
  return {
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function injectEntry(inject: ResourceFile['inject']): ResourceEntry['inject'] {
  switch (inject.as) {
    case 'basic':
      return { kind: 'basic', username: inject.username, password: inject.password };
    case 'bearer':
      return { kind: 'bearer', value: inject.value };
    case 'header':
      return { kind: 'header', name: inject.name, template: inject.template };
    case 'query':
      return { kind: 'query', name: inject.name, value: inject.value };
  }
}

const callLimits = (call: ResourceFile['call']): ResourceEntry['call'] => ({
  totalTimeoutMs: call.timeout * 1000,
  connectTimeoutMs: call.connectTimeout * 1000,
  headersTimeoutMs: (call.headersTimeout ?? call.timeout) * 1000,
  idleTimeoutMs: call.idleTimeout * 1000,
  requestBytesMax: call.maxRequestBytes,
  responseBytesMax: call.maxResponseBytes,
  concurrencyMax: call.maxConcurrency,
  audit: call.audit,
});
