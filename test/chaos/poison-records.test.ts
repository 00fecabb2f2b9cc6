import { Buffer } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import {
  KafkaCommandFeed,
  KafkaDeadLetters,
  KafkaDeadLetterTopic,
  KafkaEventBus,
  type LyingLetter,
} from '#adapters/kafka';
import {
  checkProgress,
  Consumption,
  type ConsumptionAlarm,
  EVIDENCE_GROUPS,
  type IncomingCommand,
  type SubscriptionHandle,
  TOPICS,
  type Topic,
} from '#events';
import { SystemClock } from '#kernel';
import { createTopics, describeWithServer, TestKafka } from '#test-support';
import { until } from '#testing';
import { aGoodRecord as good, POISONS } from './poison.js';

const START_TIMEOUT_MS = 180_000;
const isLong = process.env['POSTERN_TEST_VOLUME'] === 'long';
const [EVIDENCE_GROUP] = EVIDENCE_GROUPS;
// A broker of its own: what is put on its topics would stop the suites that share one.
describeWithServer('poison on every consumed topic', 'kafka', () => {
  let kafka: TestKafka;
  let producer: Producer;
  const open: { close(): Promise<void> }[] = [];
  const options = () => ({
    brokers: [kafka.brokers],
    clientId: 'poison',
    onProblem: () => undefined,
  });
  const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  const put = async (topic: Topic, partition: number, messages: readonly Message[]) => {
    await producer.send({
      topic,
      messages: messages.map((message) => ({ ...message, partition })),
    });
  };
  const lag = async (group: string, topic: Topic): Promise<number> => {
    const admin = new kafkajs.Kafka({ brokers: [kafka.brokers] }).admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    const [at] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    await admin.disconnect();
    return ends.reduce((sum, { partition, high }) => {
      const offset = at?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
      return sum + Number(high) - Math.max(Number(offset), 0);
    }, 0);
  };
  const letters = async (): Promise<LyingLetter[]> => {
    const found: LyingLetter[] = [];
    const topic = new KafkaDeadLetterTopic(options(), EVIDENCE_GROUP);
    await topic.read((letter) => found.push(letter));
    await topic.close();
    return found;
  };

  beforeAll(async () => {
    kafka = await TestKafka.start('poison');
    await createTopics(kafka.brokers);
    producer = new kafkajs.Kafka({ brokers: [kafka.brokers] }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    kafka.thaw();
    await producer.disconnect();
    await Promise.all(open.map((thing) => thing.close()));
    await kafka.stop();
  }, START_TIMEOUT_MS);

  describe('evidence', () => {
    const handled: string[] = [];
    const asked: string[] = [];
    let broken = true;
    const watch = (): Promise<SubscriptionHandle> => {
      const consumption = new Consumption({
        kind: 'evidence',
        deadLetters: kept(new KafkaDeadLetters(options())),
        group: EVIDENCE_GROUP,
        clock: new SystemClock(),
        pause: (ms) => pause(ms),
        jitter: () => 0.5,
      });
      return kept(new KafkaEventBus(options())).subscribe({
        group: EVIDENCE_GROUP,
        topics: [TOPICS.canary],
        from: 'earliest',
        onFailure: (error) => handled.push(`failed: ${error.message}`),
        ...consumption.of(async ({ key }) => {
          asked.push(key);
          if (broken && key === 'always') throw new RangeError('quotes canary-secret');
          handled.push(key);
        }),
      });
    };

    it('goes to the dead letters within five attempts, and the group goes on to the end', async () => {
      for (const [, poison] of POISONS) await put(TOPICS.canary, 2, [poison('p'), good('after')]);
      await put(TOPICS.canary, 2, [good('always'), good('last')]);
      const watching = await watch();
      await until(() => handled.includes('last'), 'the last record', 30_000);
      expect(asked.filter((key) => key === 'always')).toHaveLength(5);
      expect(handled.filter((key) => key === 'after')).toHaveLength(POISONS.length);
      await until(() => watching.progress.caughtUp, 'the end of the topic');
      expect(checkProgress(watching.progress)).toBeUndefined();
      await watching.stop();
      expect(await lag(EVIDENCE_GROUP, TOPICS.canary)).toBe(0);
      const buried = await letters();
      expect(buried.map(({ errorClass, attempts }) => [errorClass, attempts]).sort()).toEqual(
        [...POISONS.map(([errorClass]) => [errorClass, 0]), ['RangeError', 5]].sort(),
      );
      const told = buried.map(({ place, errorClass, id }) => ({ place, errorClass, id }));
      expect(JSON.stringify(told)).not.toContain('secret');
    }, 60_000);

    it('comes back by a replay: what is still poison dies again, once, and the rest is handled', async () => {
      broken = false;
      const watching = await watch();
      const topic = kept(new KafkaDeadLetterTopic(options(), EVIDENCE_GROUP));
      const before = await letters();
      expect(await topic.replay(before, () => undefined)).toBe(before.length);
      await until(() => handled.includes('always'), 'the record that is no poison any more');
      await put(TOPICS.canary, 2, [good('after-replay')]);
      await until(() => handled.includes('after-replay'), 'a later record', 30_000);
      await watching.stop();
      const after = await letters();
      expect(after).toHaveLength(before.length + POISONS.length);
      const [again] = after.filter(({ record }) => record.headers?.['x-replayed-from']);
      expect(again?.record.headers?.['x-replayed-from']?.toString()).toMatch(
        /^postern\.dlq\.postern-canary-watch\.v1\/\d+\/\d+$/,
      );
    }, 60_000);
  });

  describe('state', () => {
    const stateConsumption = (alarms: ConsumptionAlarm[]): Consumption =>
      new Consumption({
        kind: 'state',
        group: 'state',
        clock: new SystemClock(),
        pause: (ms) => pause(ms),
        jitter: () => 0.5,
        observer: { onAlarm: (alarm) => alarms.push(alarm) },
      });

    it.each([TOPICS.revocationState, TOPICS.credentialState])(
      '%s: health names the partition and why, one call for each record, and the others go on',
      async (topic) => {
        for (const [place, [, poison]] of POISONS.entries()) {
          await put(topic, place, [good('before'), poison('p'), good(`behind-${place}`)]);
        }
        await put(topic, 7, [good('always'), good('behind-7')]);
        await put(topic, 9, [good('elsewhere')]);
        const handled: string[] = [];
        const asked: string[] = [];
        const alarms: ConsumptionAlarm[] = [];
        const reading = await kept(new KafkaEventBus(options())).subscribe({
          group: `state-${topic}`,
          topics: [topic],
          from: 'earliest',
          onFailure: (error) => handled.push(`failed: ${error.message}`),
          ...stateConsumption(alarms).of(async ({ key }) => {
            asked.push(key);
            if (key === 'always') throw new RangeError('quotes canary-secret');
            handled.push(key);
          }),
        });
        await until(() => handled.includes('elsewhere'), 'a partition without poison', 30_000);
        await until(() => reading.progress.blocked.length === POISONS.length + 1, 'all blocks');
        expect(() => checkProgress(reading.progress)).toThrow(
          new RegExp(
            `^${topic}, partition \\d+ stands still at offset [01]: .*and 5 other partitions`,
          ),
        );
        expect(JSON.stringify(reading.progress)).not.toContain('canary-secret');
        expect(handled.filter((key) => key === 'before')).toHaveLength(POISONS.length);
        // After its five attempts it is given again, as the others are, and nobody is called a second time.
        const attempts = (): number => asked.filter((key) => key === 'always').length;
        await until(() => attempts() > 6, 'the record that is given again');
        expect(alarms.map(({ errorClass }) => errorClass).sort()).toEqual(
          [...POISONS.map(([errorClass]) => errorClass), 'RangeError'].sort(),
        );
        await put(topic, 9, [good('elsewhere-later')]);
        await until(() => handled.includes('elsewhere-later'), 'a later record elsewhere');
        expect(handled.filter((key) => key.startsWith('behind'))).toEqual([]);
        expect(reading.progress.caughtUp).toBe(false);
        await reading.stop();
      },
      60_000,
    );

    it('commands come as the text that they are, and one that fails holds its partition alone', async () => {
      await put(TOPICS.command, 1, [
        { key: 'family:fam_1', value: Buffer.from([195, 40]) },
        { key: null, value: 'x'.repeat(16_385) },
        { key: 'family:fam_1', value: null },
        { key: 'family:fam_1', value: 'a.b.c' },
        { key: 'always', value: 'd.e.f' },
        { key: 'behind', value: 'g.h.i' },
      ]);
      await put(TOPICS.command, 2, [{ key: 'elsewhere', value: 'j.k.l' }]);
      const seen: IncomingCommand[] = [];
      const alarms: ConsumptionAlarm[] = [];
      const feed = kept(new KafkaCommandFeed(options()));
      const reading = await feed.subscribe({
        group: 'postern-control-commands',
        from: 'earliest',
        onFailure: () => undefined,
        ...stateConsumption(alarms).ofIncoming(async (command) => {
          if (command.key === 'always') throw new RangeError('no');
          seen.push(command);
        }),
      });
      await until(
        () => seen.length === 5 && reading.progress.blocked.length === 1,
        'the block',
        30_000,
      );
      expect(() => checkProgress(reading.progress)).toThrow(
        'postern.command.v1, partition 1 stands still at offset 4: RangeError',
      );
      const first = seen.filter(({ place }) => place.partition === 1);
      expect(first.map(({ key, compactJws }) => [key, compactJws])).toEqual([
        ['family:fam_1', undefined],
        [undefined, undefined],
        ['family:fam_1', undefined],
        ['family:fam_1', 'a.b.c'],
      ]);
      expect(seen.some(({ key }) => key === 'elsewhere')).toBe(true);
      expect(alarms).toHaveLength(1);
      await reading.stop();
    }, 60_000);
  });

  it('a broker that accepts and never answers shows in the progress; afterwards all comes', async () => {
    const handled: string[] = [];
    const reading = await kept(new KafkaEventBus(options())).subscribe({
      group: 'stalled',
      topics: [TOPICS.call],
      from: 'earliest',
      onFailure: (error) => handled.push(`failed: ${error.message}`),
      handle: async ({ key }) => {
        handled.push(key);
      },
    });
    await put(TOPICS.call, 0, [good('one')]);
    await until(() => handled.length === 1, 'the first record');
    await until(() => reading.progress.idleMs < 500, 'news');
    await kafka.freeze();
    const silentMs = isLong ? 61_000 : 3_000;
    await until(() => reading.progress.idleMs > silentMs, 'silence', silentMs + 10_000);
    if (isLong) expect(() => checkProgress(reading.progress)).toThrow(/^no progress for 61 s/);
    kafka.thaw();
    await until(() => reading.progress.idleMs < 500, 'news again', 60_000);
    await put(TOPICS.call, 0, [good('two')]);
    await until(() => handled.includes('two'), 'the second record', 60_000);
    expect(handled.filter((line) => line.startsWith('failed'))).toEqual([]);
    await reading.stop();
  }, 180_000);
});
