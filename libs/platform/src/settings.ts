import { resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { EnvironmentReader, type Environment } from './environment-reader.js';
import { type KafkaSettings, kafkaSettings } from './kafka-settings.js';
import { type VaultSettings, vaultSettings } from './vault-settings.js';

/** What the environment says: where the servers are, and how to log in. */
export interface Settings {
  readonly configFile: string;
  /** `postgres://user:password@host:port/database`: not for a log. */
  readonly databaseUrl: string | undefined;
  readonly kafka: KafkaSettings | undefined;
  readonly vault: VaultSettings | undefined;
  /** Folder of the embedded PostgreSQL; the seal key lies in it unless POSTERN_SEAL_KEY_FILE says otherwise. */
  readonly dataFolder: string;
  readonly sealKeyFile: string;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Reads the environment. A variable that is set and cannot be used refuses the start, by its name.
 * @throws ConfigError with every problem; never with a value that may be a secret
 */
export function loadSettings(environment: Environment): Settings {
  const reader = new EnvironmentReader(environment);
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    reader.problem('NODE_TLS_REJECT_UNAUTHORIZED', 'turns certificate checks off: unset it');
  }
  const dataFolder = resolve(reader.text('POSTERN_DATA_FOLDER') ?? '.postern');
  const settings: Settings = {
    configFile: resolve(reader.text('POSTERN_CONFIG') ?? 'postern.yaml'),
    databaseUrl: databaseUrl(reader),
    kafka: kafkaSettings(reader),
    vault: vaultSettings(reader),
    dataFolder,
    sealKeyFile: resolve(reader.text('POSTERN_SEAL_KEY_FILE') ?? `${dataFolder}/seal.key`),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
  reader.finish();
  return settings;
}

function databaseUrl(reader: EnvironmentReader): string | undefined {
  const url = reader.url('DATABASE_URL', ['postgres:', 'postgresql:']);
  if (url !== undefined && new URL(url).hostname === '') {
    reader.problem(
      'DATABASE_URL',
      'names no host: expected postgres://user:password@host/database',
    );
  }
  return url;
}

/** Processes other than standalone have no embedded parts. @throws ConfigError naming what is not set */
export function requireServers<Name extends 'databaseUrl' | 'kafka' | 'vault'>(
  settings: Settings,
  names: readonly Name[],
): Settings & { readonly [N in Name]-?: NonNullable<Settings[N]> } {
  const absent = names.filter((name) => settings[name] === undefined);
  if (absent.length > 0) {
    throw new ConfigError(absent.map((name) => SERVERS[name]));
  }
  return settings as never;
}

const SERVERS: Readonly<Record<'databaseUrl' | 'kafka' | 'vault', ConfigProblem>> = {
  databaseUrl: {
    where: 'DATABASE_URL',
    path: '',
    what: 'is not set, and only standalone brings its own PostgreSQL: set it to postgres://user:password@host:port/database',
  },
  kafka: {
    where: 'KAFKA_BROKERS',
    path: '',
    what: 'is not set, and only standalone brings its own event bus: set it to host:port, several separated by commas',
  },
  vault: {
    where: 'VAULT_ADDR',
    path: '',
    what: 'is not set, and only standalone brings its own sealed store: set it to https://host:8200',
  },
};
