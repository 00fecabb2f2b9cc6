import {
  openEvidence,
  openProofs,
  PostgresCallLedger,
  PostgresLiveCanaries,
  PostgresCredentialCensus,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresStandingRestrictions,
  type Proofs,
  requireMigrated,
} from '#adapters/postgres';
import { VaultSecretStore } from '#adapters/vault';
import { EventFactory, probeBreached } from '#events';
import { HandleLife, PlantedCanaries } from '#handles';
import { BudgetedCallLedger, type CallLedger } from '#injection';
import { type PosternError } from '#kernel';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
  startProber,
} from '#platform';
import { callProbes } from './call-prober.module.js';
import { openCallPath, ProxyModule, type ProxyService } from './proxy.module.js';
import { readRevocations } from './read-revocations.js';

interface Stores extends Proofs {
  readonly database: PostgresDatabase;
  /** For the re-check, the census and restrictions alone: they must not wait for a connection behind calls that begin. */
  readonly recheckDatabase: PostgresDatabase;
  readonly ledger: PostgresCallLedger;
  readonly secrets: VaultSecretStore;
  readonly journal: PostgresEventJournal;
  readonly events: EventFactory;
}

const DRAIN_MS = 1_000;
/** One question after the other, and another one beside one that hangs. */
const RECHECK_CONNECTIONS = 2;
/** Reports to the census, and refusals beside them. */
const CENSUS_CONNECTIONS = 2;

/**
 * The proxy: reads handles and secrets, counts calls, and can issue nothing.
 * @throws ConfigError, DependencyUnavailable, ResourceInvalid
 */
export async function startProxy(context: AppContext): Promise<RunningApp> {
  const { config, health, metrics } = context;
  const stores = await openStores(context);
  const { database, ledger, secrets, journal, events } = stores;
  const { evidence, outboxWatch } = await openEvidence(context, database);
  const budgeted = new BudgetedCallLedger({ ledger, budget: evidence });
  const proxy = callPath(context, { ...stores, ledger: budgeted });
  health.add('postgresql', () => database.ping());
  health.add('vault', () => secrets.requireReady());
  health.add('credentials', proxy.credentialTrouble);
  const admin = await startHttpHost({
    module: AdminModule.register(health, metrics),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
  });
  const host = await startHttpHost({
    module: ProxyModule.register(proxy),
    listen: config.listen.public,
    certificate: context.certificates.of('public'),
    before: proxy.handle,
    refused: proxy.refused,
  });
  proxy.start(host.server);
  const revocations = await readRevocations(context, proxy);
  const prober = startProber(context, {
    address: host.address,
    probes: (target) => callProbes(config, target),
    record: (breach) => journal.append([probeBreached(events, breach)]),
  });
  return {
    serves: `calls http://${host.address.host}:${host.address.port}/proxy`,
    stop: async (deadlineMs) => {
      await prober.stop();
      await host.close(deadlineMs);
      await proxy.close(DRAIN_MS);
      await ledger.close();
      await revocations.stop(); // After what is still to be written: Kafka may take its time.
      await secrets.close();
      await admin.close(0);
      await outboxWatch.stop();
      await stores.recheckDatabase.close();
      await database.close();
    },
  };
}

async function openStores(context: AppContext): Promise<Stores> {
  const { clock, config, log, settings } = context;
  const { environment, deployment } = config;
  const { databaseUrl: url, vault } = requireServers(settings, ['databaseUrl', 'vault']);
  const onProblem = (err: PosternError): void =>
    log.warn({ err }, 'the login at Vault cannot be renewed');
  const secrets = new VaultSecretStore({ settings: vault, clock, onProblem });
  await secrets.requireReady();
  const database = await PostgresDatabase.connect({ url, applicationName: 'postern-proxy' });
  await requireMigrated(database);
  return {
    ...(await openProofs(database, 'proxy', config.dpop.nonces)),
    database,
    recheckDatabase: await PostgresDatabase.connect({
      url,
      applicationName: 'postern-proxy-recheck',
      poolSize: RECHECK_CONNECTIONS + CENSUS_CONNECTIONS,
    }),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'proxy' }),
    ledger: new PostgresCallLedger(database, { onProblem: problemLog(context) }),
    secrets,
  };
}

function callPath(
  context: AppContext,
  {
    database,
    recheckDatabase,
    ...stores
  }: Omit<Stores, 'ledger'> & { readonly ledger: CallLedger },
): ProxyService {
  const { config, clock, metrics } = context;
  return openCallPath({
    config,
    clock,
    metrics,
    ...stores,
    handles: new PostgresHandleStore(database),
    confirming: new PostgresHandleStore(recheckDatabase),
    census: new PostgresCredentialCensus(recheckDatabase, stores.events),
    life: new HandleLife(),
    canaries: new PlantedCanaries(new PostgresLiveCanaries(database)),
    standing: new PostgresStandingRestrictions(recheckDatabase),
    onProblem: problemLog(context),
  });
}

const problemLog =
  ({ log }: AppContext) =>
  (message: string, err: unknown): void =>
    log.warn({ err }, message);
