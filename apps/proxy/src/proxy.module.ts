import { type DynamicModule, Module } from '@nestjs/common';
import { DestinationUpstream, HttpTokenSource } from '#adapters/http';
import { PinnedCredentials, type SecretStore } from '#credentials';
import { CachingHandleLookup, type DpopNonces, ProofOfPossession, type ProofUses } from '#handles';
import { type InjectionParts } from '#injection';
import { type Metrics, type PosternConfig } from '#platform';
import { CountedSecretStore } from './counted-secret-store.js';
import { proxiedResources } from './proxied-resources.js';
import { ProxyListener } from './proxy-listener.js';
import { ProxyService, type ProxyServiceParts } from './proxy-service.js';
import { recheckMetrics } from './recheck-metrics.js';
import { RevocationFeed, type RevocationFeedParts } from './revocation-feed.js';

/** What the call path is opened with: the configuration, and the stores. */
export interface ProxyParts extends Pick<
  InjectionParts,
  'clock' | 'confirming' | 'events' | 'handles' | 'journal' | 'ledger' | 'life'
> {
  readonly config: PosternConfig;
  readonly proofUses: ProofUses;
  /** Undefined: DPoP proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  readonly secrets: SecretStore;
  readonly metrics: Metrics;
  readonly onProblem: ProxyServiceParts['onProblem'];
  /**
   * The only process on its database says when it started: calls from before that never ended are ended at once, not
   * when they could no longer be under way anywhere.
   */
  readonly sweepAllBefore?: Date;
}

/**
 * Opens the call path of a deployment: handles remembered for three quarters of a second, secrets pinned and their reads counted
 * (`postern_secret_reads_total`), destinations over HTTP.
 * @throws ResourceInvalid, TypeError
 */
export function openCallPath(parts: ProxyParts): ProxyService {
  const { config, clock, handles, secrets, metrics, onProblem } = parts;
  const remembered = new CachingHandleLookup({ lookup: handles, clock });
  return new ProxyService({
    ...parts,
    environment: config.environment,
    publicOrigin: config.publicOrigin,
    clientCertificateHeader: config.clientCertificateHeader,
    possession: new ProofOfPossession({ uses: parts.proofUses, nonces: parts.nonces, clock }),
    trustedProxies: config.trustedProxies,
    resources: proxiedResources(config),
    handles: remembered,
    remembered,
    rechecks: recheckMetrics(metrics, onProblem),
    upstream: new DestinationUpstream(),
    tokens: new HttpTokenSource(),
    credentials: new PinnedCredentials({
      store: new CountedSecretStore(secrets, metrics),
      clock,
      onProblem: (_ref, problem) => {
        onProblem('a secret cannot be read', problem);
      },
    }),
  });
}

export { ProxyListener, ProxyService, RevocationFeed, type RevocationFeedParts };

/** Puts the call path into an application. The framework itself serves nothing of it (docs/adr/0003). */
@Module({})
export class ProxyModule {
  static register(proxy: ProxyService): DynamicModule {
    return {
      module: ProxyModule,
      providers: [
        { provide: ProxyService, useValue: proxy },
        { provide: ProxyListener, useValue: proxy.listener },
      ],
      exports: [ProxyService, ProxyListener],
    };
  }
}
