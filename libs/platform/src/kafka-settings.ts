import { type Secret } from '#kernel';
import { type EnvironmentReader } from './environment-reader.js';

export interface KafkaSettings {
  /** `host:port`, at least one. */
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

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
/** Kafka's own names are in capitals. */
const MECHANISM_NAMES = [...MECHANISMS, 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const LOGIN = ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;
const BROKER = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})$/;
const PORT_MAX = 65_535;

/** Kafka's part of the environment. */
export function kafkaSettings(reader: EnvironmentReader): KafkaSettings | undefined {
  const brokers = reader.text('KAFKA_BROKERS');
  if (!reader.isSet('KAFKA_BROKERS')) {
    reader.refuseWithout('KAFKA_BROKERS', ['KAFKA_SASL_MECHANISM', ...LOGIN, 'KAFKA_TLS_CA_FILE']);
  }
  if (brokers === undefined) return undefined;
  const list = brokers.split(',').map((broker) => broker.trim());
  if (!list.every(isBroker)) {
    reader.problem('KAFKA_BROKERS', 'expected host:port, several separated by commas');
  }
  return { brokers: list, sasl: saslSettings(reader), tlsCaFile: reader.file('KAFKA_TLS_CA_FILE') };
}

function saslSettings(reader: EnvironmentReader): KafkaSettings['sasl'] {
  const written = reader.oneOf('KAFKA_SASL_MECHANISM', MECHANISM_NAMES)?.toLowerCase();
  if (!reader.isSet('KAFKA_SASL_MECHANISM')) reader.refuseWithout('KAFKA_SASL_MECHANISM', LOGIN);
  const mechanism = MECHANISMS.find((one) => one === written);
  if (mechanism === undefined) return undefined;
  return {
    mechanism,
    username: reader.required('KAFKA_SASL_USERNAME', 'KAFKA_SASL_MECHANISM'),
    password: reader.secret('KAFKA_SASL_PASSWORD', 'KAFKA_SASL_MECHANISM'),
  };
}

function isBroker(text: string): boolean {
  const port = Number(BROKER.exec(text)?.[1]);
  return port >= 1 && port <= PORT_MAX;
}
