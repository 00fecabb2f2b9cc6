import { type Admin } from 'kafkajs';
import { DependencyUnavailable } from '#kernel';
import { kafkaClient, type KafkaConnectOptions, type KafkaPatience } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaSockets } from './kafka-sockets.js';

interface Connected {
  readonly admin: Admin;
  readonly sockets: KafkaSockets;
}

/** A connection of an administrator, or of who only asks. Keeps it until `close`; a failure begins a new one. */
export class AdminConnection {
  #current: Connected;

  constructor(
    private readonly options: KafkaConnectOptions,
    private readonly patience: KafkaPatience,
  ) {
    this.#current = this.#fresh();
  }

  /** `Kafka at <brokers>`, for messages. */
  get where(): string {
    return `Kafka at ${this.options.brokers.join(', ')}`;
  }

  /** @throws DependencyUnavailable that says why, and where */
  async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const asked = this.#current;
    try {
      await asked.admin.connect();
      return await question(asked.admin);
    } catch (error) {
      // It may hold a connection that is dead; the next question begins with a new one. Not awaited: others may ask there.
      if (asked === this.#current) this.#current = this.#fresh();
      void end(asked);
      throw this.failureOf(error);
    }
  }

  /** What went wrong, also with each of several topics. */
  failureOf(error: unknown): DependencyUnavailable {
    const parts = error instanceof Error && 'errors' in error ? error.errors : undefined;
    if (!Array.isArray(parts)) return kafkaFailure(error, this.options.brokers);
    const lines = parts.map((part: unknown) => {
      const topic = part instanceof Error && 'topic' in part ? `topic ${String(part.topic)}: ` : '';
      return `${this.where}: ${topic}${part instanceof Error ? part.message : 'unknown failure'}`;
    });
    return new DependencyUnavailable('kafka', lines.join('\n'), { cause: error });
  }

  async close(): Promise<void> {
    await end(this.#current);
  }

  #fresh(): Connected {
    const sockets = new KafkaSockets();
    const { retries } = this.patience;
    const admin = kafkaClient(this.options, this.patience, sockets).admin({ retry: { retries } });
    return { admin, sockets };
  }
}

const end = ({ admin, sockets }: Connected): Promise<void> => sockets.end(admin.disconnect());

/** Whether Kafka refused for a lack of rights. */
export const isUnauthorized = (error: unknown): boolean =>
  protocolError(error).endsWith('_AUTHORIZATION_FAILED');

/** Whether it may be otherwise in a moment: a topic comes or goes, or a partition is between two leaders. */
export const isUnsettled = (error: unknown): boolean => UNSETTLED.has(protocolError(error));

const UNSETTLED = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
]);

/** Kafka's name of the error, such as `UNKNOWN_TOPIC_OR_PARTITION`; empty when it is none of Kafka's. */
export function protocolError(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('type' in error && typeof error.type === 'string') return error.type;
  return protocolError(error.cause);
}
