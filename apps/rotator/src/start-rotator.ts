import { PostgresDatabase, requireMigrated } from '#adapters/postgres';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { addRotatorHealth, Rotator, RotatorModule, rotationStores } from './rotator.module.js';
import { openVault } from './rotator-vault.module.js';

/** Rotations under way, and the watches beside them: most of the time they wait for others than the database. */
const POOL_SIZE = 8;

/**
 * The rotator: carries rotations out. It alone writes secrets, reads those of Postern's own accounts and logs in to legacy
 * systems by itself; it knows no handle and sees no call.
 * @throws ConfigError, DependencyUnavailable, ResourceInvalid, ChangerSettingsRefused, SecretStoreUnavailable
 */
export async function startRotator(context: AppContext): Promise<RunningApp> {
  const { config, settings, health, metrics } = context;
  const { databaseUrl, vault } = requireServers(settings, ['databaseUrl', 'vault']);
  const store = openVault(context, vault);
  await store.secrets.requireReady();
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-rotator',
    poolSize: POOL_SIZE,
  });
  await requireMigrated(database);
  const { secrets, values } = store;
  const stores = rotationStores(database);
  const wraps = store.wraps(database);
  const rotator = new Rotator({ context, stores, secrets, values, wraps, component: 'rotator' });
  addRotatorHealth(health, rotator, () => database.ping());
  health.add('postgresql', () => database.ping());
  health.add('vault', () => secrets.requireReady());
  const host = await startHttpHost({
    module: AdminModule.register(health, metrics, [RotatorModule.register(rotator)]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
  });
  return {
    serves: `admin http://${host.address.host}:${host.address.port}, Vault ${vault.address}`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await store.close();
      await database.close();
    },
  };
}
