import { type LineFeed } from '#events';
import { type AppContext, type PosternConfig } from '#platform';
import { storedPath, type VaultAuditTerms } from './vault-audit-line.js';
import { VaultAuditWatch, type VaultAuditWatchParts } from './vault-audit-watch.js';

/** Whom and what an audit log of Vault is looked at for; undefined: it is not read. */
export function vaultAuditTerms({
  detection,
  resources,
}: PosternConfig): VaultAuditTerms | undefined {
  const { vaultAudit } = detection;
  if (vaultAudit === undefined) return undefined;
  const byPath = new Map<string, string[]>();
  for (const { id, credential } of resources) {
    const path = storedPath(`${credential.ref.mount}/data/${credential.ref.path}`);
    byPath.set(path, [...(byPath.get(path) ?? []), id]);
  }
  return {
    resources: byPath,
    allowed: new Set(vaultAudit.allowEntities),
    namespace: (vaultAudit.namespace ?? '').replace(/^\/+|\/+$/g, ''),
  };
}

type Given = 'accesses' | 'evaluator' | 'store' | 'settings' | 'events' | 'onRaised';

/** What watches Vault's audit log; undefined where it is not configured, or there is no Kafka to read it from. */
export function vaultAuditWatch(
  { config, health, metrics, log, clock }: AppContext,
  feed: LineFeed | undefined,
  given: Pick<VaultAuditWatchParts, Given>,
): VaultAuditWatch | undefined {
  const { vaultAudit } = config.detection;
  const terms = vaultAuditTerms(config);
  if (vaultAudit === undefined || terms === undefined) return undefined;
  if (feed === undefined) {
    log.warn(
      'detection.vaultAudit needs KAFKA_BROKERS: reads of secrets past Postern are not seen',
    );
    return undefined;
  }
  const { deployment } = config;
  const { topic } = vaultAudit;
  const own = { deployment, feed, topic, terms, clock, health, metrics, log };
  return new VaultAuditWatch({ ...given, ...own });
}
