import {
  PostgresCallLedger,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  requireMigrated,
} from '#adapters/postgres';
import { VaultSecretStore } from '#adapters/vault';
import { EventFactory } from '#events';
import { type PosternError } from '#kernel';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { openCallPath, ProxyModule, type ProxyService } from './proxy.module.js';

interface Stores {
  readonly database: PostgresDatabase;
  readonly ledger: PostgresCallLedger;
  readonly secrets: VaultSecretStore;
}

const DRAIN_MS = 1_000;

/**
 * The proxy: reads handles and secrets, counts calls, and can issue nothing.
 * @throws ConfigError, DependencyUnavailable, ResourceInvalid
 */
export async function startProxy(context: AppContext): Promise<RunningApp> {
  const { config, health, metrics } = context;
  const stores = await openStores(context);
  const { database, ledger, secrets } = stores;
  const proxy = callPath(context, stores);
  health.add('postgresql', () => database.ping());
  health.add('vault', () => secrets.requireReady());
  const admin = await startHttpHost({
    module: AdminModule.register(health, metrics),
    listen: config.listen.admin,
  });
  const host = await startHttpHost({
    module: ProxyModule.register(proxy),
    listen: config.listen.public,
    before: proxy.handle,
  });
  proxy.start(host.server);
  return {
    serves: `calls http://${host.address.host}:${host.address.port}/proxy`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await proxy.close(DRAIN_MS);
      await ledger.close();
      await secrets.close();
      await admin.close(0);
      await database.close();
    },
  };
}

async function openStores(context: AppContext): Promise<Stores> {
  const { clock, log, settings } = context;
  const { databaseUrl: url, vault } = requireServers(settings, ['databaseUrl', 'vault']);
  const onProblem = (err: PosternError): void =>
    log.warn({ err }, 'the login at Vault cannot be renewed');
  const secrets = new VaultSecretStore({ settings: vault, clock, onProblem });
  await secrets.requireReady();
  const database = await PostgresDatabase.connect({ url, applicationName: 'postern-proxy' });
  await requireMigrated(database);
  return {
    database,
    ledger: new PostgresCallLedger(database, { onProblem: problemLog(context) }),
    secrets,
  };
}

function callPath(context: AppContext, { database, ledger, secrets }: Stores): ProxyService {
  const { config, clock, metrics } = context;
  const { environment, deployment } = config;
  return openCallPath({
    config,
    clock,
    metrics,
    ledger,
    secrets,
    handles: new PostgresHandleStore(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'proxy' }),
    onProblem: problemLog(context),
  });
}

const problemLog =
  ({ log }: AppContext) =>
  (message: string, err: unknown): void =>
    log.warn({ err }, message);
