import kafkajs, {
  type Kafka,
  type Message,
  type Producer,
  type ProducerBatch,
  type RecordMetadata,
} from 'kafkajs';
import { type BusRecord, encodeEvent } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type KafkaSockets } from './kafka-sockets.js';
import { type RawRecord } from './raw-record.js';

const ACKNOWLEDGE_TIMEOUT_MS = 10_000;
/** Of one batch, all attempts together. A throttled request has no deadline of kafkajs's own. */
const SEND_DEADLINE_MS = 30_000;
const RETRY = { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 };
/** A topic takes batches of 1 MiB unless told otherwise (`max.message.bytes`); room is left for framing. */
const BATCH_BYTES_MAX = 900_000;

/**
 * The writing half of the bus, in the subset of kafkajs that loses nothing: acknowledged by all in-sync replicas, no
 * idempotent producer (it gives one sequence number to two records after a lost answer), one batch in flight. kafkajs
 * may leave a partition out when its leader moves between two attempts and still resolve: so it is checked here that
 * every partition that records went to has answered. What fails, or is not answered in time, ends its connections: kafkajs
 * would keep them, and wait on them for ever.
 */
export class KafkaPublisher {
  /** The partitions that the batch in flight goes to. */
  readonly #awaited = new Set<string>();
  #producer: Producer | undefined;
  #previous: Promise<unknown> = Promise.resolve();

  /** `sockets`: those that `kafka` was made with, and nobody else's. */
  constructor(
    private readonly kafka: Kafka,
    private readonly sockets: KafkaSockets,
  ) {}

  /** In turn: a call waits for those before it. Rejects with what kafkajs throws, or DependencyUnavailable. */
  publish(records: readonly BusRecord[]): Promise<void> {
    return this.publishRaw(records.map(({ topic, event }) => ({ topic, ...encodeEvent(event) })));
  }

  /** The same for records that are bytes already. */
  publishRaw(records: readonly RawRecord[]): Promise<void> {
    const turn = this.#previous.then(() => this.#publishNow(records));
    this.#previous = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.#producer !== undefined) await this.sockets.end(this.#producer.disconnect());
  }

  async #publishNow(records: readonly RawRecord[]): Promise<void> {
    for (const batch of batchesOf(records)) await this.#send(batch);
  }

  async #send(batch: readonly RawRecord[]): Promise<void> {
    const answers = await inTime(this.#sendBatch(batch)).catch((error: unknown) => {
      this.#startAnew();
      throw error;
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

  async #sendBatch(batch: readonly RawRecord[]): Promise<RecordMetadata[]> {
    const producer = (this.#producer ??= this.#newProducer());
    await producer.connect(); // At once when it is connected.
    this.#awaited.clear();
    return producer.sendBatch({
      acks: -1,
      timeout: ACKNOWLEDGE_TIMEOUT_MS,
      compression: kafkajs.CompressionTypes.GZIP,
      topicMessages: byTopic(batch),
    });
  }

  #newProducer(): Producer {
    return this.kafka.producer({
      idempotent: false,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => this.#partitioner(),
      retry: RETRY,
    });
  }

  /** What the old one still has on its way may arrive: a repeat, with the same ids. */
  #startAnew(): void {
    const old = this.#producer;
    this.#producer = undefined;
    this.sockets.giveUp();
    void old?.disconnect().catch(() => undefined);
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

/** @throws DependencyUnavailable at the deadline; a result that comes later is of no interest. */
async function inTime<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DependencyUnavailable('kafka', `no answer within ${SEND_DEADLINE_MS} ms`));
    }, SEND_DEADLINE_MS);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

const partitionName = (topic: string, partition: number): string => `${topic}/${partition}`;

/** In order, none larger than a topic takes, however badly it compresses. */
function batchesOf(records: readonly RawRecord[]): RawRecord[][] {
  const batches: RawRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = bytesOf(record);
    if (bytes + size > BATCH_BYTES_MAX) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(record);
    bytes += size;
  }
  return batches;
}

const bytesOf = ({ key, value, headers }: RawRecord): number =>
  (value?.length ?? 0) + (key?.length ?? 0) + Object.entries(headers).flat(2).join('').length;

function byTopic(batch: readonly RawRecord[]): NonNullable<ProducerBatch['topicMessages']> {
  const topics = new Map<string, Message[]>();
  for (const { topic, key, value, headers } of batch) {
    const messages = topics.get(topic) ?? [];
    // kafkajs reads headers, and changes none.
    messages.push({ key, value, headers: { ...headers } as NonNullable<Message['headers']> });
    topics.set(topic, messages);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
