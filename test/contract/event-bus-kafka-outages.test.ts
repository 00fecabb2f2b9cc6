import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { KafkaEventBus, KafkaTopics } from '#adapters/kafka';
import { type BusRecord, EventUnreadable, TOPICS } from '#events';
import { DependencyUnavailable, Secret, SystemClock } from '#kernel';
import { createTopics, describeWithServer, TestKafka } from '#test-support';
import { anOutboxEvent, EventListener, InMemoryOutbox, InMemoryOutboxLog, until } from '#testing';

const START_TIMEOUT_MS = 180_000;
/** The least that a broker grants: a member that was lost with its broker is let in again when its session has ended. */
const GROUP_SESSION_MS = 6_000;

async function records(key: string, count: number): Promise<readonly BusRecord[]> {
  const log = new InMemoryOutboxLog(new SystemClock());
  const outbox = new InMemoryOutbox(log);
  await log.append(Array.from({ length: count }, () => anOutboxEvent(key)));
  await outbox.lease();
  return (await outbox.next(count))?.records ?? [];
}

// The shared broker tells that there can be one; these tests need one that they may stop.
describeWithServer('the Kafka event bus and a broker in trouble', 'kafka', () => {
  let kafka: TestKafka;
  const open: { close(): Promise<void> }[] = [];
  const problems: string[] = [];
  const options = (brokers = kafka.brokers): ConstructorParameters<typeof KafkaTopics>[0] => ({
    brokers: [brokers],
    clientId: 'outages',
    onProblem: (problem) => problems.push(problem),
    groupSessionMs: GROUP_SESSION_MS,
  });
  const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  const aBus = (): KafkaEventBus => kept(new KafkaEventBus(options()));
  const someTopics = (brokers?: string): KafkaTopics => kept(new KafkaTopics(options(brokers)));

  beforeAll(async () => {
    kafka = await TestKafka.start('outages');
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(open.map((thing) => thing.close()));
    await kafka.stop();
  }, START_TIMEOUT_MS);

  describe('without topics', () => {
    it('refuses to publish to a topic that does not exist, and makes none', async () => {
      await expect(aBus().publish(await records('hdl_none', 1))).rejects.toThrow(
        /a topic does not exist: create those of deploy\/kafka\/topics\.yaml/,
      );
      await expect(someTopics().check()).rejects.toThrow('postern.handle.v1 does not exist');
    }, 60_000);

    it('refuses to subscribe to a topic that does not exist', async () => {
      const listening = new EventListener('hdl_').listen(aBus());
      await expect(listening).rejects.toThrow(DependencyUnavailable);
    }, 60_000);
  });

  describe('with topics', () => {
    beforeAll(() => createTopics(kafka.brokers), START_TIMEOUT_MS);

    it('stops at a record that is no event, or passes over it when it is told to', async () => {
      const producer = new kafkajs.Kafka({ brokers: [kafka.brokers] }).producer({
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      });
      await producer.connect();
      await producer.send({
        topic: TOPICS.exchange,
        messages: [{ key: 'x', value: '{"canary":1}' }],
      });
      await producer.disconnect();
      const stopped = new EventListener('hdl_');
      await stopped.listen(aBus(), { topics: [TOPICS.exchange] });
      await until(() => stopped.failures.length > 0, 'the failure');
      expect(stopped.failures[0]).toBeInstanceOf(EventUnreadable);
      expect(stopped.failures[0]?.message).toMatch(
        /^postern\.exchange\.v1, offset 0: (?!.*canary)/,
      );
      const told: EventUnreadable[] = [];
      const passing = new EventListener('hdl_');
      await passing.listen(aBus(), {
        topics: [TOPICS.exchange],
        onUnreadable: (problem) => told.push(problem),
      });
      await until(() => told.length > 0, 'the unreadable record');
      expect(told[0]?.reason).toBe('not_structured');
      expect(passing.failures).toEqual([]);
    });

    it('publishes batches that are larger than a topic takes at once', async () => {
      const log = new InMemoryOutboxLog(new SystemClock());
      const outbox = new InMemoryOutbox(log);
      await log.append(
        Array.from({ length: 200 }, (_, place) =>
          // Of digits that hardly compress, 3 MB in all.
          anOutboxEvent('hdl_large', incompressible(15_000, place)),
        ),
      );
      await outbox.lease();
      const batch = await outbox.next(500);
      const bus = aBus();
      const heard = await new EventListener('hdl_large').listen(bus);
      await bus.publish(batch!.records);
      await heard.has(200);
      expect(heard.records).toEqual(batch!.records);
      await heard.stop();
    }, 60_000);

    it('publishes what it was given during a freeze, when the broker thaws', async () => {
      const bus = aBus();
      await bus.publish(await records('hdl_before', 1));
      const given = await records('hdl_freeze', 3);
      await kafka.freeze();
      let done = false;
      const publishing = bus.publish(given).then(() => {
        done = true;
      });
      await pause(1_000);
      expect(done).toBe(false);
      kafka.thaw();
      await publishing;
      const heard = await new EventListener('hdl_freeze').listen(aBus());
      await heard.has(3);
      expect(new Set(heard.ids)).toEqual(new Set(given.map(({ event }) => event.id)));
    }, 60_000);

    it('publishes and delivers again when the broker comes back from the dead', async () => {
      const bus = aBus();
      const heard = await new EventListener('hdl_dead').listen(bus);
      await bus.publish(await records('hdl_dead', 1));
      await heard.has(1);
      await kafka.kill();
      const lost = bus.publish(await records('hdl_lost', 1));
      await expect(lost).rejects.toThrow(/^Kafka at 127\.0\.0\.1:\d+: /);
      await expect(lost).rejects.toThrow(DependencyUnavailable);
      await kafka.startAgain();
      const after = await records('hdl_dead', 2);
      await bus.publish(after);
      const fresh = await new EventListener('hdl_dead').listen(aBus());
      await until(() => after.every(({ event }) => fresh.ids.includes(event.id)), 'a new group');
      // The broker remembers the member that it lost, and lets it in again when its session has ended.
      await until(
        () => after.every(({ event }) => heard.ids.includes(event.id)),
        'the group',
        60_000,
      );
      expect(heard.failures).toEqual([]);
      expect(problems.join('\n')).toContain('; trying again');
    }, 120_000);
  });

  it('says within the deadline that nobody answers, and where it looked', async () => {
    const reach = someTopics('127.0.0.1:9').reach(1_000);
    await expect(reach).rejects.toThrow(DependencyUnavailable);
    await expect(reach).rejects.toThrow(/^Kafka at 127\.0\.0\.1:9: no broker can be reached/);
  });

  it('refuses to send a password readable', () => {
    const plain = {
      mechanism: 'plain',
      username: 'relay',
      password: Secret.of('canary-9'),
    } as const;
    expect(() => new KafkaEventBus({ ...options(), sasl: plain })).toThrow(
      /SASL PLAIN without TLS/,
    );
  });
});

/** Digits of a generator that repeats only after 2^32. */
function incompressible(length: number, seed: number): string {
  let state = seed + 1;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, length);
}
