import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer } from 'kafkajs';

/** A record as it lies on Kafka, read without any code of ours. */
export interface RawRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly bytes: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads a topic from its beginning; keeps the records whose key begins with the prefix. */
export class TopicReader {
  readonly records: RawRecord[] = [];
  private wake: () => void = () => undefined;

  private constructor(private readonly consumer: Consumer) {}

  static async start(brokers: string, topic: string, keyPrefix: string): Promise<TopicReader> {
    const { Kafka, logLevel } = kafkajs;
    const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 100 });
    const reader = new TopicReader(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        const key = message.key?.toString() ?? '';
        if (!key.startsWith(keyPrefix)) return;
        reader.records.push({
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
