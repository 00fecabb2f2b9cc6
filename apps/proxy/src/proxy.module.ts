import { type DynamicModule, Module } from '@nestjs/common';
import { DestinationUpstream, HttpTokenSource } from '#adapters/http';
import {
  type CredentialCensus,
  ManagedCredentials,
  PinnedCredentials,
  type SecretStore,
} from '#credentials';
import { NetworkZones } from '#detection';
import {
  CachingHandleLookup,
  type DpopNonces,
  ImposedRestrictions,
  type PlantedCanaries,
  ProofOfPossession,
  type ProofUses,
  type StandingRestrictions,
} from '#handles';
import { CallRestrictions, type InjectionParts } from '#injection';
import { randomId } from '#kernel';
import { type Metrics, type PosternConfig } from '#platform';
import { CountedSecretStore } from './counted-secret-store.js';
import { credentialMetrics } from './credential-metrics.js';
import { CredentialTurns } from './credential-turns.js';
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
  readonly canaries: PlantedCanaries;
  readonly config: PosternConfig;
  readonly proofUses: ProofUses;
  /** Undefined: DPoP proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  readonly secrets: SecretStore;
  /** Absent: no credential is rotated, calls use the newest versions. */
  readonly census?: CredentialCensus;
  /** Absent: nothing is restricted. */
  readonly standing?: StandingRestrictions;
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
  const resources = proxiedResources(config);
  const credentials = new PinnedCredentials({
    store: new CountedSecretStore(secrets, metrics),
    clock,
    onProblem: (_ref, problem) => {
      onProblem('a secret cannot be read', problem);
    },
  });
  return new ProxyService({
    ...parts,
    environment: config.environment,
    publicOrigin: config.publicOrigin,
    clientCertificateHeader: config.clientCertificateHeader,
    possession: new ProofOfPossession({ uses: parts.proofUses, nonces: parts.nonces, clock }),
    trustedProxies: config.trustedProxies,
    resources,
    handles: remembered,
    remembered,
    rechecks: recheckMetrics(metrics, onProblem),
    upstream: new DestinationUpstream(),
    tokens: new HttpTokenSource(),
    credentials,
    ...restrictedBy(parts),
    ...managedBy(parts, { resources, credentials }),
  });
}

const SCANNERS = 'scanners';

/** What is restricted of sources is not for those of the configuration that try out what they find. */
function restrictedBy({
  standing,
  clock,
  config: { detection },
}: ProxyParts): Pick<ProxyServiceParts, 'restrictions'> {
  if (standing === undefined) return {};
  const zones = new NetworkZones(detection.zones);
  const scanners = new NetworkZones({ [SCANNERS]: detection.scanners });
  const sourceOf = (address: string): string | undefined =>
    scanners.of(address) === SCANNERS ? undefined : zones.of(address);
  const imposed = new ImposedRestrictions({ lookup: standing, clock });
  return { restrictions: new CallRestrictions({ imposed, sourceOf, clock }) };
}

/** What the call path needs besides, where credentials are rotated. */
function managedBy(
  { census, clock, metrics, onProblem }: ProxyParts,
  { resources, credentials }: Pick<InjectionParts, 'resources'> & Pinned,
): Pick<ProxyServiceParts, 'managed' | 'resent' | 'credentialTurns'> {
  if (census === undefined) return {};
  const { observer, resent } = credentialMetrics(metrics, onProblem);
  const refs = [...resources.values()].map(({ secretRef: ref, rotation }) => ({
    ref,
    isRotated: rotation !== undefined,
  }));
  const instanceId = randomId('instance');
  const managed = new ManagedCredentials({
    ...{ census, credentials, clock, instanceId, refs, observer },
  });
  const credentialTurns = new CredentialTurns({ managed, metrics, onProblem });
  return { managed, resent, credentialTurns };
}

interface Pinned {
  readonly credentials: PinnedCredentials;
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
