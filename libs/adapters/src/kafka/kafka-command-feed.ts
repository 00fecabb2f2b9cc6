import { isUtf8 } from 'node:buffer';
import { type Kafka } from 'kafkajs';
import {
  CommandFeed,
  EVENT_BYTES_MAX,
  type IncomingCommand,
  type Reading,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PlacedRecord } from './kafka-batch.js';
import { CONSUMER_PATIENCE, kafkaClient, type KafkaConnectOptions } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaGroupMember } from './kafka-group-member.js';

/** The command topic on Apache Kafka. What lies there is only cut into text: nothing of it is believed. */
export class KafkaCommandFeed extends CommandFeed {
  readonly #kafka: Kafka;
  readonly #members = new Set<KafkaGroupMember>();
  #closed = false;

  constructor(private readonly options: KafkaConnectOptions) {
    super();
    this.#kafka = kafkaClient(options, CONSUMER_PATIENCE);
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing. */
  override async subscribe(
    reading: Omit<Reading, 'topics'> & {
      readonly handle: (command: IncomingCommand) => Promise<void>;
    },
  ): Promise<SubscriptionHandle> {
    if (this.#closed) throw new DependencyUnavailable('kafka', 'the command feed is closed');
    const { brokers, onProblem } = this.options;
    const member = new KafkaGroupMember(
      { kafka: this.#kafka, onProblem, failureOf: (error) => kafkaFailure(error, brokers) },
      {
        ...reading,
        topics: [TOPICS.command],
        deliver: (placed) => reading.handle(commandOf(placed)),
      },
    );
    for (const earlier of this.#members) if (earlier.hasEnded) this.#members.delete(earlier);
    this.#members.add(member); // Before it starts: what closes meanwhile has to stop it.
    await member.start();
    return member;
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#members].map((member) => member.stop()));
  }
}

function commandOf({ place, record: { key, value } }: PlacedRecord): IncomingCommand {
  const isText = value !== null && value.length <= EVENT_BYTES_MAX && isUtf8(value);
  return {
    place,
    key: key === null ? undefined : key.toString(),
    compactJws: isText ? value.toString('utf8') : undefined,
  };
}
