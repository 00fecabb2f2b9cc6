import { dirname, resolve } from 'node:path';
import { type AppName } from './app-name.js';
import { issuerEntry } from './compile-issuers.js';
import { plainChangeReason } from './config-change.js';
import { auditEntry } from './config-audit.js';
import { detectionEntry } from './config-detection.js';
import { evidenceEntry } from './config-evidence.js';
import { injectEntry } from './config-inject.js';
import { leakReporterEntry } from './config-leak-reports.js';
import { proberEntry } from './config-prober.js';
import { rotationEntry } from './config-rotation.js';
import { type ConfigFile, type ResourceFile } from './config-schema.js';
import { signalEntry } from './config-signals.js';
import {
  type JustifiedSetting,
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
    listen: listenersOf(config.listen, app, folder),
    trustedProxies: config.trustedProxies,
    clientCertificateHeader: config.clientCertificateHeader,
    dpop: config.dpop,
    prober: proberEntry(config.prober, folder),
    evidence: evidenceEntry(config.evidence),
    detection: detectionEntry(config.detection),
    audit: config.audit === undefined ? undefined : auditEntry(config.audit, { folder, ...config }),
    rotator: config.rotator,
    grantsFolder: resolve(folder, config.grants),
    issuers: config.issuers.map((issuer) => issuerEntry(issuer, folder)),
    signals: config.signals.map((signal) => signalEntry(signal, folder)),
    leakReports: config.leakReports.map((reporter) => leakReporterEntry(reporter, folder)),
    resources: config.resources.map((resource) => resourceEntry(resource, folder)),
  };
}

type ListenFile = ConfigFile['listen'];
type ListenerFile = ListenFile['public'];

interface OwnListeners {
  readonly public?: ListenerFile | undefined;
  readonly admin?: ListenerFile | undefined;
}

function listenersOf(listen: ListenFile, app: AppName, folder: string): PosternConfig['listen'] {
  const own: OwnListeners = (app === 'standalone' ? undefined : listen[app]) ?? {};
  return {
    public: listenAddress(own.public ?? listen.public, folder),
    admin: listenAddress(own.admin ?? listen.admin, folder),
  };
}

function listenAddress({ host, port, tls }: ListenerFile, folder: string): ListenAddress {
  if (tls === undefined) return { host, port };
  const [certificateFile, keyFile] = [
    resolve(folder, tls.certificateFile),
    resolve(folder, tls.keyFile),
  ];
  const { clientCertificates } = tls;
  return { host, port, tls: { certificateFile, keyFile, clientCertificates } };
}

function resourceEntry(resource: ResourceFile, folder: string): ResourceEntry {
  const { id, environment, owner, destination, network, credential } = resource;
  const { presentations, scopes, forbid, allow, tls, handle, response } = resource;
  return {
    ...{ id, environment, owner, destination, network, credential, presentations, scopes, forbid },
    allow,
    justified: justifiedSettings(resource),
    tls: tls === undefined ? undefined : tlsEntry(tls, folder),
    inject: injectEntry(resource.inject),
    handle: {
      ttlSeconds: handle.ttl,
      maxTtlSeconds: handle.maxTtl,
      maxCalls: handle.maxCalls,
      concurrencyMax: handle.maxConcurrency,
      binding: handle.binding,
    },
    call: callLimits(resource.call),
    response: { scrub: typeof response.scrub === 'string' ? response.scrub : 'off' },
    ...(resource.rotation === undefined
      ? {}
      : { rotation: rotationEntry(resource.rotation, folder) }),
  };
}

function justifiedSettings({
  allow,
  response,
  rotation,
}: ResourceFile): readonly JustifiedSetting[] {
  const reasons = Object.entries(allow).map(([name, why]) => [`allow.${name}`, why] as const);
  const scrub = typeof response.scrub === 'string' ? undefined : response.scrub.off;
  const plain = plainChangeReason(rotation?.change);
  return [
    ...reasons,
    ['response.scrub: off', scrub] as const,
    ['rotation.change.tls: off', plain] as const,
  ].flatMap(([setting, because]) => (because === undefined ? [] : [{ setting, because }]));
}

function tlsEntry(
  { caFile, serverName, http2 }: NonNullable<ResourceFile['tls']>,
  folder: string,
): NonNullable<ResourceEntry['tls']> {
  return {
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(http2 === undefined ? {} : { http2 }),
  };
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
