import { type DeadLetter, DeadLetters, deadLetterTopicOf } from '#events';
import { buriedRecord } from './dead-letter-record.js';
import { kafkaClient, type KafkaConnectOptions, PRODUCER_PATIENCE } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { KafkaSockets } from './kafka-sockets.js';

/** Dead letters on Apache Kafka: each group has a topic, `postern.dlq.<group>.v1`. */
export class KafkaDeadLetters extends DeadLetters {
  readonly #publisher: KafkaPublisher;

  constructor(private readonly options: KafkaConnectOptions) {
    super();
    const sockets = new KafkaSockets();
    const kafka = kafkaClient(options, PRODUCER_PATIENCE, sockets);
    this.#publisher = new KafkaPublisher(kafka, sockets);
  }

  override async add(letter: DeadLetter): Promise<void> {
    const record = buriedRecord(letter, deadLetterTopicOf(letter.group));
    await this.#publisher.publishRaw([record]).catch((error: unknown) => {
      throw kafkaFailure(error, this.options.brokers);
    });
  }

  async close(): Promise<void> {
    await this.#publisher.close();
  }
}
