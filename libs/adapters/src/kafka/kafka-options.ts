import { readFile } from 'node:fs/promises';
import { type KafkaConnectOptions } from './kafka-connection.js';

/** Where the brokers are, as KAFKA_BROKERS and its companions say. */
export interface KafkaDeclaration extends Pick<KafkaConnectOptions, 'brokers'> {
  readonly sasl: KafkaConnectOptions['sasl'] | undefined;
  /** PEM, read here. */
  readonly tlsCaFile: string | undefined;
}

/** What a process connects with: the declared brokers, its own name, and who hears of trouble. */
export async function kafkaOptions(
  { brokers, sasl, tlsCaFile }: KafkaDeclaration,
  own: Pick<KafkaConnectOptions, 'clientId' | 'onProblem'>,
): Promise<KafkaConnectOptions> {
  return {
    brokers,
    ...own,
    ...(sasl === undefined ? {} : { sasl }),
    ...(tlsCaFile === undefined ? {} : { tls: { ca: await readFile(tlsCaFile, 'utf8') } }),
  };
}
