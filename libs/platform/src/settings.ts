import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { Secret } from '#kernel';
import { ConfigError, type ConfigProblem } from './config-error.js';

/** What the environment says: where the servers are, and how to log in. */
export interface Settings {
  readonly configFile: string;
  readonly databaseUrl: string | undefined;
  readonly kafka: KafkaSettings | undefined;
  readonly vault: VaultSettings | undefined;
  /** Folder of the embedded PostgreSQL; the seal key lies beside it unless POSTERN_SEAL_KEY_FILE says otherwise. */
  readonly dataFolder: string;
  readonly sealKeyFile: string;
  readonly logLevel: LogLevel;
}

/** Where Kubernetes puts a pod's service account token. */
const KUBERNETES_TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
        readonly username: string;
        readonly password: Secret;
      }
    | undefined;
  readonly tlsCaFile: string | undefined;
}

export interface VaultSettings {
  readonly address: string;
  readonly caFile?: string;
  readonly namespace?: string;
  readonly auth:
    | { readonly kind: 'token'; readonly token: Secret }
    | { readonly kind: 'approle'; readonly roleId: string; readonly secretId: Secret }
    | { readonly kind: 'kubernetes' | 'jwt'; readonly role: string; readonly jwtFile: string };
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment variables of docs/configuration. A variable that is set and cannot be used refuses the start.
 * @throws ConfigError with every problem
 */
export function loadSettings(environment: Environment): Settings {
  const reader = new EnvironmentReader(environment);
  const dataFolder = resolve(reader.text('POSTERN_DATA_FOLDER') ?? '.postern');
  const settings: Settings = {
    configFile: resolve(reader.text('POSTERN_CONFIG') ?? 'postern.yaml'),
    databaseUrl: reader.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    kafka: kafkaSettings(reader),
    vault: vaultSettings(reader),
    dataFolder,
    sealKeyFile: resolve(reader.text('POSTERN_SEAL_KEY_FILE') ?? `${dataFolder}/seal.key`),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
  reader.finish();
  return settings;
}

/** Processes other than standalone have no embedded parts. @throws ConfigError naming what is not set */
export function requireServers<Name extends 'databaseUrl' | 'kafka' | 'vault'>(
  settings: Settings,
  names: readonly Name[],
): Settings & { readonly [N in Name]-?: NonNullable<Settings[N]> } {
  const variables = { databaseUrl: 'DATABASE_URL', kafka: 'KAFKA_BROKERS', vault: 'VAULT_ADDR' };
  const problems = names
    .filter((name) => settings[name] === undefined)
    .map((name) => ({
      where: variables[name],
      path: '',
      what: 'is not set; only `standalone` has an embedded part for it: set it to the address of the server',
    }));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings as never;
}

function kafkaSettings(reader: EnvironmentReader): KafkaSettings | undefined {
  const brokers = reader.text('KAFKA_BROKERS');
  const mechanism = reader.oneOf('KAFKA_SASL_MECHANISM', [
    'plain',
    'scram-sha-256',
    'scram-sha-512',
  ] as const);
  const username = reader.text('KAFKA_SASL_USERNAME');
  const password = reader.text('KAFKA_SASL_PASSWORD');
  const tlsCaFile = reader.file('KAFKA_TLS_CA_FILE');
  if (mechanism !== undefined && (username === undefined || password === undefined)) {
    reader.problem(
      'KAFKA_SASL_MECHANISM',
      'needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD beside it',
    );
  }
  if (brokers === undefined) return undefined;
  const sasl =
    mechanism === undefined
      ? undefined
      : { mechanism, username: username ?? '', password: Secret.of(password ?? '') };
  const list = brokers.split(',').map((broker) => broker.trim());
  if (!list.every((broker) => /^[A-Za-z0-9.-]+:[0-9]{1,5}$/.test(broker))) {
    reader.problem('KAFKA_BROKERS', 'expected host:port, several separated by commas');
  }
  return { brokers: list, sasl, tlsCaFile };
}

function vaultSettings(reader: EnvironmentReader): VaultSettings | undefined {
  const address = reader.url('VAULT_ADDR', ['http:', 'https:']);
  const caFile = reader.file('VAULT_CACERT');
  const namespace = reader.text('VAULT_NAMESPACE');
  if (address === undefined) return undefined;
  return {
    address,
    ...(caFile === undefined ? {} : { caFile }),
    ...(namespace === undefined ? {} : { namespace }),
    auth: vaultAuth(reader),
  };
}

function vaultAuth(reader: EnvironmentReader): VaultSettings['auth'] {
  const kind =
    reader.oneOf('VAULT_AUTH', ['token', 'approle', 'kubernetes', 'jwt'] as const) ?? 'token';
  switch (kind) {
    case 'token':
      return { kind, token: Secret.of(reader.required('VAULT_TOKEN')) };
    case 'approle': {
      const roleId = reader.required('VAULT_ROLE_ID');
      return { kind, roleId, secretId: Secret.of(reader.required('VAULT_SECRET_ID')) };
    }
    case 'kubernetes':
    case 'jwt': {
      const jwtFile = reader.file('VAULT_JWT_FILE') ?? KUBERNETES_TOKEN_FILE;
      return { kind, role: reader.required('VAULT_ROLE'), jwtFile };
    }
  }
}

class EnvironmentReader {
  readonly #problems: ConfigProblem[] = [];

  constructor(private readonly environment: Environment) {}

  /** Undefined when not set; a variable that is set to nothing is a mistake, not an absence. */
  text(name: string): string | undefined {
    const value = this.environment[name];
    if (value === '') this.problem(name, 'is set and empty: give it a value, or unset it');
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) this.problem(name, 'is not set, and VAULT_ADDR needs it');
    return value ?? '';
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) this.problem(name, `expected one of ${choices.join(', ')}`);
    return choice;
  }

  url(name: string, protocols: readonly string[]): string | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const protocol = URL.canParse(value) ? new URL(value).protocol : '';
    if (!protocols.includes(protocol)) {
      this.problem(
        name,
        `expected a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`,
      );
    }
    return value;
  }

  file(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    try {
      accessSync(value, constants.R_OK);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
      this.problem(name, `the file ${value} cannot be read (${reason})`);
    }
    return resolve(value);
  }

  problem(name: string, what: string): void {
    this.#problems.push({ where: name, path: '', what });
  }

  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}
