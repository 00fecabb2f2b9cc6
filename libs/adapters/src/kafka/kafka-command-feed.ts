import { isUtf8 } from 'node:buffer';
import {
  CommandFeed,
  type CommandReading,
  EVENT_BYTES_MAX,
  type IncomingCommand,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { type PlacedRecord } from './kafka-batch.js';
import { type KafkaConnectOptions } from './kafka-connection.js';
import { KafkaTopicReaders } from './kafka-topic-readers.js';

/** The command topic on Apache Kafka. What lies there is only cut into text: nothing of it is believed. */
export class KafkaCommandFeed extends CommandFeed {
  readonly #readers: KafkaTopicReaders;

  constructor(options: KafkaConnectOptions) {
    super();
    this.#readers = new KafkaTopicReaders(options);
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing. */
  override subscribe({ handle, ...reading }: CommandReading): Promise<SubscriptionHandle> {
    return this.#readers.begin({
      ...reading,
      topic: TOPICS.command,
      deliver: (placed) => handle(commandOf(placed)),
    });
  }

  override close(): Promise<void> {
    return this.#readers.close();
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
