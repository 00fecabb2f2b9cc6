import { readFileSync } from 'node:fs';
import { UndiciUpstream } from '#adapters/http';
import {
  PostgresCallLedger,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  requireMigrated,
} from '#adapters/postgres';
import { VaultSecretStore } from '#adapters/vault';
import { PinnedCredentials } from '#credentials';
import { EventFactory } from '#events';
import { CachingHandleLookup } from '#handles';
import { compileProxiedResource, type ProxiedResource } from '#injection';
import { type PosternError } from '#kernel';
import {
  AdminModule,
  type AppContext,
  type PosternConfig,
  requireServers,
  type RunningApp,
  startHttpHost,
  type VaultSettings,
} from '#platform';
import { compileResource } from '#policy';
import { ProxyModule, ProxyService } from './proxy.module.js';

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
  const { databaseUrl, vault } = requireServers(context.settings, ['databaseUrl', 'vault']);
  const resources = proxiedResources(config);
  const stores = await openStores(context, databaseUrl, vault);
  const { database, ledger, secrets } = stores;
  const proxy = proxyService(context, resources, stores);
  health.add('postgresql', () => database.ping());
  health.add('vault', () => ready(secrets));
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
    serves: `calls http://${host.address.host}:${host.address.port}/proxy, ${resources.size} resources`,
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

async function openStores(context: AppContext, url: string, vault: VaultSettings): Promise<Stores> {
  const database = await PostgresDatabase.connect({ url, applicationName: 'postern-proxy' });
  await requireMigrated(database);
  const onProblem = problemLog(context);
  return {
    database,
    ledger: new PostgresCallLedger(database, { onProblem }),
    secrets: secretStore(context, vault),
  };
}

function proxyService(
  context: AppContext,
  resources: ReadonlyMap<string, ProxiedResource>,
  { database, ledger, secrets }: Stores,
): ProxyService {
  const { config, clock } = context;
  const { environment, deployment, trustedProxies } = config;
  const onProblem = problemLog(context);
  return new ProxyService({
    resources,
    ledger,
    clock,
    environment,
    trustedProxies,
    onProblem,
    handles: new CachingHandleLookup({ lookup: new PostgresHandleStore(database), clock }),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'proxy' }),
    credentials: new PinnedCredentials({
      store: secrets,
      clock,
      onProblem: (_ref, problem) => {
        onProblem('a secret cannot be read', problem);
      },
    }),
    upstream: new UndiciUpstream(),
  });
}

const problemLog =
  ({ log }: AppContext) =>
  (message: string, err: unknown): void =>
    log.warn({ err }, message);

/** @throws ResourceInvalid */
function proxiedResources(config: PosternConfig): ReadonlyMap<string, ProxiedResource> {
  const { environment, publicOrigin } = config;
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  return new Map(
    config.resources.map((entry) => {
      const resource = compileResource(entry, { environment, publicOrigin });
      return [entry.id, compileProxiedResource(entry, { resource, publicOrigin, readFile })];
    }),
  );
}

function secretStore({ clock, log }: AppContext, settings: VaultSettings): VaultSecretStore {
  const { address, caFile, namespace, auth } = settings;
  return new VaultSecretStore({
    clock,
    settings: {
      address,
      auth,
      ...(caFile === undefined ? {} : { caFile }),
      ...(namespace === undefined ? {} : { namespace }),
    },
    onProblem: (err: PosternError) => log.warn({ err }, 'the login at Vault cannot be renewed'),
  });
}

async function ready(secrets: VaultSecretStore): Promise<void> {
  const status = await secrets.status();
  if (status.condition !== 'ready') throw new Error(status.message);
}
