import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kafka } from 'kafkajs';
import { type BuriedLetter, deadLetterTopicOf, type Topic } from '#events';
import { DependencyUnavailable } from '#kernel';
import { isCut, letterOf, REPLAYED_FROM } from './dead-letter-record.js';
import { type PlacedRecord } from './kafka-batch.js';
import {
  CONSUMER_PATIENCE,
  kafkaClient,
  type KafkaConnectOptions,
  PRODUCER_PATIENCE,
} from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaGroupMember } from './kafka-group-member.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { KafkaSockets } from './kafka-sockets.js';
import { type RawRecord } from './raw-record.js';

/** Where a dead letter lies itself. */
export interface LyingLetter extends BuriedLetter {
  /** `<partition>:<offset>` on the topic of dead letters. */
  readonly id: string;
}

const POLL_MS = 50;
/** How long nothing may be heard of Kafka while the letters are read. */
const SILENCE_MAX_MS = 30_000;
const REPLAY_AT_ONCE = 100;

/** The dead letters of one group, for those who look at them and publish them again. */
export class KafkaDeadLetterTopic {
  readonly #kafka: Kafka;
  readonly #publisher: KafkaPublisher;
  readonly #topic: string;

  constructor(
    private readonly options: KafkaConnectOptions,
    group: string,
  ) {
    this.#kafka = kafkaClient(options, CONSUMER_PATIENCE);
    const sockets = new KafkaSockets();
    this.#publisher = new KafkaPublisher(kafkaClient(options, PRODUCER_PATIENCE, sockets), sockets);
    this.#topic = deadLetterTopicOf(group);
  }

  /**
   * Hands out what lies there now, and nothing that comes later: what is published again and dies again does not begin
   * a loop. Resolves at the end. @throws DependencyUnavailable
   */
  async read(onLetter: (letter: LyingLetter) => void): Promise<void> {
    let failure: Error | undefined;
    const member = new KafkaGroupMember(
      {
        kafka: this.#kafka,
        onProblem: this.options.onProblem,
        failureOf: (error) => kafkaFailure(error, this.options.brokers),
      },
      {
        group: `postern-dlq-${randomUUID()}`,
        topics: [this.#topic as Topic],
        from: 'earliest',
        offsets: 'forgotten',
        deliver: async (placed) => handOut(placed, onLetter),
        onFailure: (error) => {
          failure = error;
        },
      },
    );
    await member.start();
    while (failure === undefined && !member.progress.caughtUp) {
      if (member.progress.idleMs > SILENCE_MAX_MS) failure = this.#silent();
      await pause(POLL_MS);
    }
    await member.stop();
    if (failure !== undefined) throw failure;
  }

  /**
   * Publishes them to the topics that they came from, with their own key, value and headers, and one more that tells
   * where they lay; those whose value was too long to be kept are left out. Resolves to how many when all are durable.
   * @throws DependencyUnavailable: some of them may have been published; the same again is harmless, as consumers
   * de-duplicate by event id.
   */
  async replay(
    letters: readonly LyingLetter[],
    onProgress: (published: number) => void,
  ): Promise<number> {
    const whole = letters.filter((letter) => !isCut(letter));
    for (let start = 0; start < whole.length; start += REPLAY_AT_ONCE) {
      const some = whole.slice(start, start + REPLAY_AT_ONCE);
      await this.#publisher
        .publishRaw(some.map((letter) => this.#again(letter)))
        .catch((error: unknown) => {
          throw kafkaFailure(error, this.options.brokers);
        });
      onProgress(start + some.length);
    }
    return whole.length;
  }

  async close(): Promise<void> {
    await this.#publisher.close();
  }

  #again({ place, record, id }: LyingLetter): RawRecord {
    const from = `${this.#topic}/${id.replace(':', '/')}`;
    const { key, value, headers = {} } = record;
    return { topic: place.topic, key, value, headers: { ...headers, [REPLAYED_FROM]: from } };
  }

  #silent(): DependencyUnavailable {
    return kafkaFailure(
      new DependencyUnavailable(
        'kafka',
        `${this.#topic}: no answer for ${SILENCE_MAX_MS / 1000} s`,
      ),
      this.options.brokers,
    );
  }
}

function handOut(
  { place, record, writtenAt }: PlacedRecord,
  onLetter: (letter: LyingLetter) => void,
): void {
  const letter = letterOf(record, writtenAt);
  if (letter !== undefined) onLetter({ ...letter, id: `${place.partition}:${place.offset}` });
}
