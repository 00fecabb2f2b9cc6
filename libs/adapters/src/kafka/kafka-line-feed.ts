import { isUtf8 } from 'node:buffer';
import { type IncomingLine, LineFeed, type LineReading, type SubscriptionHandle } from '#events';
import { type PlacedRecord } from './kafka-batch.js';
import { type KafkaConnectOptions } from './kafka-connection.js';
import { KafkaTopicReaders } from './kafka-topic-readers.js';

/** Lines on topics of Apache Kafka that are the operator's own. */
export class KafkaLineFeed extends LineFeed {
  readonly #readers: KafkaTopicReaders;

  constructor(options: KafkaConnectOptions) {
    super();
    this.#readers = new KafkaTopicReaders(options);
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing */
  override subscribe({ bytesMax, handle, ...reading }: LineReading): Promise<SubscriptionHandle> {
    return this.#readers.begin({
      ...reading,
      deliver: (placed) => handle(lineOf(placed, bytesMax)),
    });
  }

  override close(): Promise<void> {
    return this.#readers.close();
  }
}

function lineOf({ place, record: { value } }: PlacedRecord, bytesMax: number): IncomingLine {
  const isText = value !== null && value.length <= bytesMax && isUtf8(value);
  return { place, text: isText ? value.toString('utf8') : undefined };
}
