import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer } from 'kafkajs';

/** A record as it lies on Kafka, read without any code of ours. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly bytes: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is kept of what lies there. */
export interface Kept {
  readonly keyPrefix?: string;
  /** Of the header `ce_source`. */
  readonly sourcePrefix?: string;
}

/** Reads topics from their beginning; keeps the records whose key, or whose source, begins with the prefix. */
export class TopicReader {
  readonly records: RawRecord[] = [];
  private wake: () => void = () => undefined;

  private constructor(private readonly consumer: Consumer) {}

  static async start(
    brokers: string,
    topics: string | readonly string[],
    kept: string | Kept,
  ): Promise<TopicReader> {
    const { keyPrefix = '', sourcePrefix = '' } =
      typeof kept === 'string' ? { keyPrefix: kept } : kept;
    const { Kafka, logLevel } = kafkajs;
    const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 100 });
    const reader = new TopicReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topics].flat(), fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const key = message.key?.toString() ?? '';
        const source = String(message.headers?.['ce_source'] ?? '');
        if (!key.startsWith(keyPrefix) || !source.startsWith(sourcePrefix)) return;
        reader.records.push({
          topic,
          partition,
          offset: BigInt(message.offset),
          key,
          bytes: message.value?.toString() ?? '',
          headers: Object.fromEntries(
            Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
          ),
        });
        reader.wake();
      },
    });
    return reader;
  }

  /** Resolves with the next record that comes. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  stop(): Promise<void> {
    return this.consumer.disconnect();
  }
}
