import { type OpenPolicy } from '#adapters/files';
import { IssuerKeySource } from '#adapters/issuers';
import {
  type OpenEvidence,
  openEvidence,
  openProofs,
  type PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresLiveCanaries,
  PostgresRestrictedExchanges,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { EventFactory } from '#events';
import { HandleLife, ImposedRestrictions, PlantedCanaries } from '#handles';
import { type TokenIntrospector } from '#identity';
import { type Clock } from '#kernel';
import { ExchangeRestrictions } from '#oauth';
import { type AppContext } from '#platform';
import { type StsParts } from './sts.module.js';

/** What differs between the processes that an STS runs in. */
export interface StsSurroundings {
  readonly database: PostgresDatabase;
  /** Named in the source of its events. */
  readonly component: 'sts' | 'standalone';
  /** Undefined where no issuer of opaque tokens is registered. */
  readonly introspector: TokenIntrospector | undefined;
}

/** An STS, with what others in its process share with it. */
export type OpenStsParts = StsParts & OpenEvidence & { readonly canaries: PlantedCanaries };

/** The ports of an STS over PostgreSQL. @throws DependencyUnavailable */
export async function openStsParts(
  context: AppContext,
  policy: OpenPolicy,
  { database, component, introspector }: StsSurroundings,
): Promise<OpenStsParts> {
  const { config, clock, log } = context;
  const { environment, publicOrigin, deployment } = config;
  return {
    ...policy,
    environment,
    publicOrigin,
    clock,
    keys: new IssuerKeySource({ clock, onProblem: (message) => log.warn(message) }),
    handles: new PostgresHandleStore(database),
    life: new HandleLife(),
    canaries: new PlantedCanaries(new PostgresLiveCanaries(database)),
    restrictions: restrictionsIn(database, clock),
    uses: new PostgresSubjectTokenUses(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component }),
    ...(await openProofs(database, 'token', config.dpop.nonces)),
    introspector,
    ...(await openEvidence(context, database)),
    trustedProxies: config.trustedProxies,
    clientCertificateHeader: config.clientCertificateHeader,
    onFault: (err) => log.error({ err }, 'a request failed'),
  };
}

function restrictionsIn(database: PostgresDatabase, clock: Clock): ExchangeRestrictions {
  const counted = new PostgresRestrictedExchanges(database);
  const imposed = new ImposedRestrictions({ lookup: counted, clock });
  return new ExchangeRestrictions({ imposed, counted, clock });
}
