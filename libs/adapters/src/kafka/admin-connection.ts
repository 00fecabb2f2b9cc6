import { type Admin } from 'kafkajs';
import { DependencyUnavailable } from '#kernel';
import { kafkaClient, type KafkaConnectOptions, type KafkaPatience } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';

/** A connection of an administrator, or of who only asks. Keeps it until `close`; a failure begins a new one. */
export class AdminConnection {
  #admin: Admin;

  constructor(
    private readonly options: KafkaConnectOptions,
    private readonly patience: KafkaPatience,
  ) {
    this.#admin = this.#freshAdmin();
  }

  /** `Kafka at <brokers>`, for messages. */
  get where(): string {
    return `Kafka at ${this.options.brokers.join(', ')}`;
  }

  /** @throws DependencyUnavailable that says why, and where */
  async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#admin;
    try {
      await admin.connect();
      return await question(admin);
    } catch (error) {
      // It may hold a connection that is dead; the next question begins with a new one.
      this.#admin = this.#freshAdmin();
      await admin.disconnect();
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
    await this.#admin.disconnect();
  }

  #freshAdmin(): Admin {
    return kafkaClient(this.options, this.patience).admin({
      retry: { retries: this.patience.retries },
    });
  }
}

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
