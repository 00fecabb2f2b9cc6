import kafkajs, { type Kafka, type KafkaConfig, type LogEntry } from 'kafkajs';
import { DependencyUnavailable, type Secret } from '#kernel';
import { type KafkaSockets } from './kafka-sockets.js';

export interface KafkaConnectOptions {
  /** `host:port` each; any of them leads to the others. */
  readonly brokers: readonly string[];
  /** Named in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: Secret;
  };
  /** `ca`: the certificates that are trusted, PEM; without it those that Node trusts. */
  readonly tls?: { readonly ca?: string };
  /** How long a group waits for a member that is not heard of, before others get its partitions. Default 30,000. */
  readonly groupSessionMs?: number;
  /** Gets one line for each thing that went wrong and that nobody else is told of. */
  readonly onProblem: (message: string) => void;
}

/** How long one request may take. A broker that takes the bytes and never answers costs that much. */
export interface KafkaPatience {
  readonly requestTimeoutMs: number;
  readonly retries: number;
}

/** Of those that read: a broker that does not answer is found out within the minute that liveness allows. */
export const CONSUMER_PATIENCE: KafkaPatience = { requestTimeoutMs: 15_000, retries: 5 };

/** Of those that write: longer than the broker may take to gather its acknowledgements. */
export const PRODUCER_PATIENCE: KafkaPatience = { requestTimeoutMs: 15_000, retries: 5 };

const CONNECT_TIMEOUT_MS = 3_000;
const RETRY = { initialRetryTime: 100, maxRetryTime: 5_000 };
/** Of these each attempt is logged; what ends the attempts says the same once, by a rejection or as a crash. */
const CHATTY_NAMESPACES = new Set(['Connection', 'BrokerPool', 'Producer', 'Consumer']);

/**
 * `sockets`: gets its connections, to be given up. @throws DependencyUnavailable when a password would cross the network
 * readable.
 */
export function kafkaClient(
  options: KafkaConnectOptions,
  patience: KafkaPatience,
  sockets?: KafkaSockets,
): Kafka {
  const { Kafka, logLevel } = kafkajs;
  return new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: patience.requestTimeoutMs,
    retry: { ...RETRY, retries: patience.retries },
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => report(entry, options.onProblem),
    ...(sockets === undefined ? {} : { socketFactory: sockets.factory }),
    ...tlsOf(options),
    ...saslOf(options),
  });
}

function tlsOf({ tls }: KafkaConnectOptions): Pick<KafkaConfig, 'ssl'> {
  if (tls === undefined) return {};
  return { ssl: tls.ca === undefined ? true : { ca: tls.ca } };
}

function saslOf({ sasl, tls }: KafkaConnectOptions): Pick<KafkaConfig, 'sasl'> {
  if (sasl === undefined) return {};
  if (sasl.mechanism === 'plain' && tls === undefined) {
    throw new DependencyUnavailable(
      'kafka',
      'SASL PLAIN without TLS would send the password readable: set KAFKA_TLS_CA_FILE, or use SCRAM',
    );
  }
  // eslint-disable-next-line no-restricted-syntax -- The client of Kafka needs it to log in; it is not a backend's secret.
  const password = sasl.password.reveal();
  return { sasl: { mechanism: sasl.mechanism, username: sasl.username, password } as never };
}

function report({ namespace, log }: LogEntry, onProblem: (message: string) => void): void {
  if (CHATTY_NAMESPACES.has(namespace)) return;
  const error: unknown = log['error'];
  const cause = typeof error === 'string' ? `: ${error}` : '';
  onProblem(`kafka client (${namespace}): ${log.message}${cause}`);
}
