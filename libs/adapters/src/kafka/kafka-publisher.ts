import kafkajs, { type Kafka, type ProducerBatch, type Producer } from 'kafkajs';
import { type BusRecord, encodeStructured, type StructuredRecord, type Topic } from '#events';
import { DependencyUnavailable } from '#kernel';

interface EncodedRecord {
  readonly topic: Topic;
  readonly record: StructuredRecord;
}

const ACKNOWLEDGE_TIMEOUT_MS = 10_000;
const RETRY = { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 };
/** A topic takes batches of 1 MiB unless told otherwise (`max.message.bytes`); room is left for framing. */
const BATCH_BYTES_MAX = 900_000;

/**
 * The writing half of the bus, in the subset of kafkajs that loses nothing: acknowledged by all in-sync replicas, no
 * idempotent producer (it gives one sequence number to two records after a lost answer), one batch in flight. kafkajs
 * may leave a partition out when its leader moves between two attempts and still resolve: so it is checked here that
 * every partition that records went to has answered.
 */
export class KafkaPublisher {
  readonly #producer: Producer;
  /** The partitions that the batch in flight goes to. */
  readonly #awaited = new Set<string>();
  #connected: Promise<void> | undefined;
  #previous: Promise<unknown> = Promise.resolve();

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      idempotent: false,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => this.#partitioner(),
      retry: RETRY,
    });
  }

  /** In turn: a call waits for those before it. Rejects with what kafkajs throws, or DependencyUnavailable. */
  publish(records: readonly BusRecord[]): Promise<void> {
    const turn = this.#previous.then(() => this.#publishNow(records));
    this.#previous = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }

  async #publishNow(records: readonly BusRecord[]): Promise<void> {
    const encoded = records.map(({ topic, event }) => ({ topic, record: encodeStructured(event) }));
    for (const batch of batchesOf(encoded)) await this.#send(batch);
  }

  async #send(batch: readonly EncodedRecord[]): Promise<void> {
    await this.#connect();
    this.#awaited.clear();
    const answers = await this.#producer.sendBatch({
      acks: -1,
      timeout: ACKNOWLEDGE_TIMEOUT_MS,
      compression: kafkajs.CompressionTypes.GZIP,
      topicMessages: byTopic(batch),
    });
    const answered = answers
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ topicName, partition }) => partitionName(topicName, partition));
    const silent = [...this.#awaited].filter((name) => !answered.includes(name));
    if (silent.length === 0) return;
    throw new DependencyUnavailable(
      'kafka',
      `no acknowledgement for ${silent.join(', ')}: publish the batch again`,
    );
  }

  #connect(): Promise<void> {
    this.#connected ??= this.#producer.connect().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  /** Where the default partitioner (murmur2 of the key, as Java's) sends a record is what has to answer. */
  #partitioner(): ReturnType<typeof kafkajs.Partitioners.DefaultPartitioner> {
    const choose = kafkajs.Partitioners.DefaultPartitioner();
    return (chosen) => {
      const partition = choose(chosen);
      this.#awaited.add(partitionName(chosen.topic, partition));
      return partition;
    };
  }
}

const partitionName = (topic: string, partition: number): string => `${topic}/${partition}`;

/** In order, none larger than a topic takes, however badly it compresses. */
export function batchesOf(records: readonly EncodedRecord[]): EncodedRecord[][] {
  const batches: EncodedRecord[][] = [];
  let bytes = Infinity;
  for (const encoded of records) {
    const size = bytesOf(encoded.record);
    if (bytes + size > BATCH_BYTES_MAX) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(encoded);
    bytes += size;
  }
  return batches;
}

const bytesOf = ({ key, value, headers }: StructuredRecord): number =>
  value.length + Object.entries(headers).flat().join(key).length;

function byTopic(batch: readonly EncodedRecord[]): NonNullable<ProducerBatch['topicMessages']> {
  const topics = new Map<
    Topic,
    { key: string; value: Buffer; headers: Record<string, string> }[]
  >();
  for (const { topic, record } of batch) {
    const messages = topics.get(topic) ?? [];
    messages.push({ ...record, headers: { ...record.headers } });
    topics.set(topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
