import { PostgresDatabase, requireMigrated } from '#adapters/postgres';
import { RotatorIntake } from '#adapters/intake';
import { VaultRotatedSecrets, VaultSecretStore, VaultWrappingTokens } from '#adapters/vault';
import { type PosternError } from '#kernel';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
  type VaultSettings,
} from '#platform';
import {
  addRotatorHealth,
  intakeKeys,
  Rotator,
  RotatorModule,
  rotationStores,
} from './rotator.module.js';

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
  const { secrets, values, wrapping } = store;
  const { intakeKey: ref } = config.rotator;
  const keys = intakeKeys(database);
  const intake = new RotatorIntake({ store: secrets, secrets: values, ref, keys });
  const stores = rotationStores(database);
  const wraps = { wrapping, intake };
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

interface OpenVault {
  readonly secrets: VaultSecretStore;
  readonly values: VaultRotatedSecrets;
  readonly wrapping: VaultWrappingTokens;
  close(): Promise<void>;
}

function openVault({ clock, log }: AppContext, settings: VaultSettings): OpenVault {
  const onProblem = (err: PosternError): void =>
    log.warn({ err }, 'the login at Vault cannot be renewed');
  const options = { settings, clock, onProblem };
  const secrets = new VaultSecretStore(options);
  const values = new VaultRotatedSecrets(options);
  const wrapping = new VaultWrappingTokens(options);
  return {
    ...{ secrets, values, wrapping },
    close: async () => {
      await Promise.all([secrets.close(), values.close(), wrapping.close()]);
    },
  };
}
