import { type Kafka, type ProducerBatch, type ProducerConfig, type RecordMetadata } from 'kafkajs';
import { type BusRecord } from '#events';
import { DependencyUnavailable } from '#kernel';
import { anOutboxEvent, FixedClock, InMemoryOutbox, InMemoryOutboxLog } from '#testing';
import { KafkaPublisher } from './kafka-publisher.js';
import { KafkaSockets } from './kafka-sockets.js';

const PARTITIONS = Array.from({ length: 12 }, (_, partitionId) => ({
  partitionId,
  partitionErrorCode: 0,
  leader: 1,
  replicas: [1],
  isr: [1],
}));

type Answer = (batch: ProducerBatch, all: RecordMetadata[]) => RecordMetadata[];

/** The part of kafkajs that the publisher talks to; its answers are the test's. */
class ScriptedKafka {
  readonly batches: ProducerBatch[] = [];
  readonly configs: ProducerConfig[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(private readonly answer: Answer) {}

  producer(config: ProducerConfig): object {
    this.configs.push(config);
    const choose = config.createPartitioner!();
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      sendBatch: async (batch: ProducerBatch) => {
        this.batches.push(batch);
        this.inFlight += 1;
        this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
        await new Promise(setImmediate);
        this.inFlight -= 1;
        return this.answer(batch, this.allOf(batch, choose));
      },
    };
  }

  private allOf(
    { topicMessages = [] }: ProducerBatch,
    choose: ReturnType<NonNullable<ProducerConfig['createPartitioner']>>,
  ): RecordMetadata[] {
    const partitions = topicMessages.flatMap(({ topic, messages }) =>
      messages.map((message) => choose({ topic, partitionMetadata: PARTITIONS, message })),
    );
    return [...new Set(partitions)].map((partition) => ({
      topicName: topicMessages[0]!.topic,
      partition,
      errorCode: 0,
      baseOffset: '0',
    }));
  }
}

async function records(
  keys: readonly string[],
  reason = 'contract',
): Promise<readonly BusRecord[]> {
  const log = new InMemoryOutboxLog(new FixedClock());
  const outbox = new InMemoryOutbox(log);
  await log.append(keys.map((key) => anOutboxEvent(key, reason)));
  await outbox.lease();
  return (await outbox.next(10_000))!.records;
}

const manyKeys = Array.from({ length: 40 }, (_, place) => `hdl_${place}`);
const publisherOver = (kafka: ScriptedKafka): KafkaPublisher =>
  new KafkaPublisher(kafka as unknown as Kafka, new KafkaSockets());

describe('the Kafka publisher', () => {
  it('uses the subset of kafkajs that loses nothing', async () => {
    const kafka = new ScriptedKafka((_, all) => all);
    await publisherOver(kafka).publish(await records(['hdl_a']));
    expect(kafka.configs[0]).toMatchObject({
      idempotent: false,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    expect(kafka.batches[0]).toMatchObject({ acks: -1 });
  });

  it('takes a batch for published when every partition has answered', async () => {
    const kafka = new ScriptedKafka((_, all) => all);
    await expect(publisherOver(kafka).publish(await records(manyKeys))).resolves.toBeUndefined();
  });

  it('rejects when a partition has not answered, although kafkajs resolved', async () => {
    const kafka = new ScriptedKafka((_, all) => all.slice(1));
    const publishing = publisherOver(kafka).publish(await records(manyKeys));
    await expect(publishing).rejects.toThrow(DependencyUnavailable);
    await expect(publishing).rejects.toThrow(/no acknowledgement for postern\.handle\.v1\/\d+/);
  });

  it('rejects when a partition has answered with an error', async () => {
    const kafka = new ScriptedKafka((_, all) => all.map((one) => ({ ...one, errorCode: 7 })));
    await expect(publisherOver(kafka).publish(await records(['hdl_a']))).rejects.toThrow(
      'no acknowledgement',
    );
  });

  it('has one batch in flight, in the order of the calls', async () => {
    const kafka = new ScriptedKafka((_, all) => all);
    const publisher = publisherOver(kafka);
    const calls = await Promise.all(['hdl_a', 'hdl_b', 'hdl_c'].map((key) => records([key])));
    await Promise.all(calls.map((call) => publisher.publish(call)));
    expect(kafka.mostInFlight).toBe(1);
    expect(kafka.batches.map((batch) => batch.topicMessages![0]!.messages[0]!.key)).toEqual([
      'hdl_a',
      'hdl_b',
      'hdl_c',
    ]);
  });

  it('goes on after a batch that failed', async () => {
    let failed = false;
    const kafka = new ScriptedKafka((_, all) => {
      if (failed) return all;
      failed = true;
      throw new Error('cut');
    });
    const publisher = publisherOver(kafka);
    const first = publisher.publish(await records(['hdl_a']));
    const second = publisher.publish(await records(['hdl_b']));
    await expect(first).rejects.toThrow('cut');
    await expect(second).resolves.toBeUndefined();
  });

  it('splits what is larger than a topic takes at once, and keeps the order', async () => {
    const kafka = new ScriptedKafka((_, all) => all);
    const given = await records(Array<string>(200).fill('hdl_a'), 'x'.repeat(12_000));
    await publisherOver(kafka).publish(given);
    const sent = kafka.batches.map((batch) => batch.topicMessages![0]!.messages);
    for (const messages of sent) {
      const bytes = messages.reduce((sum, { value }) => sum + Buffer.byteLength(value ?? ''), 0);
      expect(bytes).toBeLessThan(1_048_576);
    }
    expect(sent.length).toBeGreaterThan(2);
    expect(
      sent.flat().map(({ value }) => (JSON.parse(String(value)) as { id: string }).id),
    ).toEqual(given.map(({ event }) => event.id));
  });
});
