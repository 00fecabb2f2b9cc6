import { type PostgresDatabase } from '#adapters/postgres';
import { RotatorIntake } from '#adapters/intake';
import { VaultRotatedSecrets, VaultSecretStore, VaultWrappingTokens } from '#adapters/vault';
import { type PosternError } from '#kernel';
import { type AppContext, type VaultSettings } from '#platform';
import { intakeKeys, type RotatorSecrets } from '../../rotator/src/rotator.module.js';

interface OpenVaultParts {
  readonly settings: VaultSettings;
  readonly database: PostgresDatabase;
  /** Gets what closes it again. */
  readonly closers: (() => Promise<void>)[];
}

/** Vault as calls and rotations use it. @throws SecretStoreUnavailable, VaultSettingsRefused */
export async function openVault(
  { config, clock, log, health }: AppContext,
  { settings, database, closers }: OpenVaultParts,
): Promise<RotatorSecrets> {
  const onProblem = (err: PosternError): void =>
    log.warn({ err }, 'the login at Vault cannot be renewed');
  const options = { settings, clock, onProblem };
  const secrets = new VaultSecretStore(options);
  const values = new VaultRotatedSecrets(options);
  const wrapping = new VaultWrappingTokens(options);
  for (const one of [secrets, values, wrapping]) closers.push(() => one.close());
  await secrets.requireReady();
  health.add('vault', () => secrets.requireReady());
  const { intakeKey: ref } = config.rotator;
  const keys = intakeKeys(database);
  const intake = new RotatorIntake({ store: secrets, secrets: values, ref, keys });
  return { secrets, values, wraps: { wrapping, intake } };
}
