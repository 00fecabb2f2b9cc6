import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer, type Producer } from 'kafkajs';

export interface MirrorRoute {
  readonly from: string;
  readonly to: string;
  /** Only what this deployment published: a mirror in both directions would go round and round. */
  readonly deployment: string;
  readonly topics: readonly string[];
}

/** Copies records byte for byte to the same partitions of the same topics of another cluster, as MirrorMaker 2 does. */
export class KafkaMirror {
  private constructor(
    private readonly consumer: Consumer,
    private readonly producer: Producer,
  ) {}

  static async start({ from, to, deployment, topics }: MirrorRoute): Promise<KafkaMirror> {
    const { Kafka, logLevel, Partitioners } = kafkajs;
    const client = (brokers: string) =>
      new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
    const consumer = client(from).consumer({
      groupId: `mirror-${randomUUID()}`,
      maxWaitTimeInMs: 50,
    });
    const producer = client(to).producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const source = String(message.headers?.['ce_source'] ?? '');
        if (!source.startsWith(`urn:postern:${deployment}:`)) return;
        const { key, value, headers = {} } = message;
        await producer.send({ topic, acks: -1, messages: [{ key, value, headers, partition }] });
      },
    });
    return new KafkaMirror(consumer, producer);
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
    await this.producer.disconnect();
  }
}
