import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer, type EachMessagePayload } from 'kafkajs';

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
  readonly #ids = new Set<unknown>();
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
      eachMessage: async (delivered) => {
        const record = recordOf(delivered);
        const source = record.headers['ce_source'] ?? '';
        if (!record.key.startsWith(keyPrefix) || !source.startsWith(sourcePrefix)) return;
        reader.#ids.add(record.headers['ce_id']);
        reader.records.push(record);
        reader.wake();
      },
    });
    return reader;
  }

  /** How many records there are, once repeats are dropped. */
  get distinct(): number {
    return this.#ids.size;
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

const recordOf = ({ topic, partition, message }: EachMessagePayload): RawRecord => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  key: message.key?.toString() ?? '',
  bytes: message.value?.toString() ?? '',
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
  ),
});
