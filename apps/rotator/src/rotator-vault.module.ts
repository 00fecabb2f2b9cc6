import { RotatorIntake } from '#adapters/intake';
import { type PostgresDatabase } from '#adapters/postgres';
import { VaultRotatedSecrets, VaultSecretStore, VaultWrappingTokens } from '#adapters/vault';
import { type PosternError } from '#kernel';
import { type AppContext, type VaultSettings } from '#platform';
import { intakeKeys, type WrapIntakeParts } from './rotator-parts.js';

/** Vault as calls and rotations use it. */
export interface RotatorVault {
  readonly secrets: VaultSecretStore;
  readonly values: VaultRotatedSecrets;
  /** Wrapping tokens, and the key that they are sealed to, which the database publishes. */
  wraps(database: PostgresDatabase): WrapIntakeParts;
  close(): Promise<void>;
}

/** Nothing is contacted yet. @throws VaultSettingsRefused */
export function openVault(
  { config, clock, log }: AppContext,
  settings: VaultSettings,
): RotatorVault {
  const onProblem = (err: PosternError): void =>
    log.warn({ err }, 'the login at Vault cannot be renewed');
  const options = { settings, clock, onProblem };
  const secrets = new VaultSecretStore(options);
  const values = new VaultRotatedSecrets(options);
  const wrapping = new VaultWrappingTokens(options);
  const { intakeKey: ref } = config.rotator;
  return {
    ...{ secrets, values },
    wraps: (database) => {
      const keys = intakeKeys(database);
      return {
        wrapping,
        intake: new RotatorIntake({ store: secrets, secrets: values, ref, keys }),
      };
    },
    close: async () => {
      await Promise.all([secrets.close(), values.close(), wrapping.close()]);
    },
  };
}
