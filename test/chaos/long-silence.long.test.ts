import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { KafkaEventBus } from '#adapters/kafka';
import { TOPICS } from '#events';
import { createTopics, describeWithServer, TestKafka } from '#test-support';
import { until } from '#testing';
import { aGoodRecord as good } from './poison.js';

const START_TIMEOUT_MS = 90_000;

// Each of these waits for a timeout of the protocol: they are for the long job.
describeWithServer('long silence on Kafka', 'kafka', () => {
  let kafka: TestKafka;
  const open: { close(): Promise<void> }[] = [];
  const options = () => ({
    brokers: [kafka.brokers],
    clientId: 'silence',
    onProblem: () => undefined,
  });
  const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };

  beforeAll(async () => {
    kafka = await TestKafka.start('silence');
    await createTopics(kafka.brokers);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    kafka.thaw();
    await Promise.all(open.map((thing) => thing.close()));
    await kafka.stop();
  }, START_TIMEOUT_MS);

  it('a handler may run longer than the session of its group: nobody else gets the record', async () => {
    const handled: string[] = [];
    const readings = await Promise.all(
      ['one', 'other'].map((name) =>
        kept(new KafkaEventBus(options())).subscribe({
          group: 'slow',
          topics: [TOPICS.policy],
          from: 'earliest',
          onFailure: (error) => handled.push(`failed: ${error.message}`),
          handle: async ({ key }) => {
            handled.push(`${name} began ${key}`);
            if (key === 'slow') await pause(45_000);
            handled.push(`${name} ended ${key}`);
          },
        }),
      ),
    );
    const producer = new kafkajs.Kafka({ brokers: [kafka.brokers] }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    const messages = [good('slow'), good('next')].map((one) => ({ ...one, partition: 0 }));
    await producer.send({ topic: TOPICS.policy, messages });
    await producer.disconnect();
    await until(() => handled.some((line) => line.endsWith('ended next')), 'the next', 90_000);
    expect(handled).toHaveLength(4);
    await Promise.all(readings.map((reading) => reading.stop()));
  }, 150_000);

  // Last: a broker that was frozen needs a while until it leads its partitions again.
  it('a process can end although the broker does not answer', async () => {
    const bus = new KafkaEventBus(options());
    await bus.subscribe({
      group: 'ending',
      topics: [TOPICS.call],
      from: 'latest',
      onFailure: () => undefined,
      handle: async () => undefined,
    });
    await kafka.freeze();
    const before = performance.now();
    await bus.close();
    expect(performance.now() - before).toBeLessThan(15_000);
    kafka.thaw();
  }, 60_000);
});
