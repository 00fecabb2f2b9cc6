import { KafkaTopics, type TopicDurability } from '#adapters/kafka';
import { LAYOUTS_BY_NAME, TOPICS } from '#events';
import { DependencyUnavailable } from '#kernel';
import { createTopics, describeWithServer } from '#test-support';
import { KafkaCluster, until } from './kafka-cluster.js';
import { rightsOnTopics } from './kafka-rights.js';
import { ON_ONE_BROKER, posternTopics } from './postern-topics.js';

const START_TIMEOUT_MS = 180_000;
const ONE_BROKER: TopicDurability = { replicationFactor: 1, minInSyncReplicas: 1 };
const CREATES_UNASKED =
  /^Kafka at \S+: a broker has auto\.create\.topics\.enable true, expected false/;

// The shared broker tells that there can be one; these tests need one with users, that they may set wrong.
describeWithServer('the topics of a Kafka cluster', 'kafka', (shared) => {
  let cluster: KafkaCluster;
  const open: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
    open.push(thing);
    return thing;
  };
  const topics = (options = cluster.administrator): KafkaTopics => kept(new KafkaTopics(options));
  const cli = (...args: readonly string[]): ReturnType<typeof posternTopics> =>
    posternTopics({ KAFKA_BROKERS: cluster.kafka.brokers }, ...args, ...ON_ONE_BROKER);
  beforeAll(async () => {
    // A broker that makes topics unasked: so it is seen that none of ours ever does. And whose topics compress as ours by
    // themselves: a test that sets some settings of a topic takes all others away.
    const defaults = { 'auto.create.topics.enable': 'true', 'compression.type': 'gzip' };
    cluster = await KafkaCluster.start('topics', defaults);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all(open.map((thing) => thing.close()));
    await cluster.stop();
  }, START_TIMEOUT_MS);

  describe('when they are missing', () => {
    it('are named, a line each, and not made', async () => {
      const check = topics().check();
      await expect(check).rejects.toThrow(DependencyUnavailable);
      const message = await check.then(String, (error: unknown) => (error as Error).message);
      expect(message.split('\n')).toEqual(
        [...LAYOUTS_BY_NAME.keys()].map((topic): unknown =>
          expect.stringMatching(
            new RegExp(
              `^Kafka at 127\\.0\\.0\\.1:\\d+: topic ${topic} does not exist: .*postern topics apply`,
            ),
          ),
        ),
      );
      expect(await cluster.topics()).toEqual([]);
    });

    it('are looked at only as far as they are asked for', async () => {
      const check = topics().check({ topics: [TOPICS.command] });
      await expect(check).rejects.toThrow(
        /^Kafka at \S+ topic postern\.command\.v1 does not exist[^\n]*$/,
      );
    });

    it('would be made by a rehearsal, which makes none', async () => {
      const { lines, code } = await cli('apply', '--dry-run');
      expect(lines).toHaveLength(LAYOUTS_BY_NAME.size + 1);
      expect(lines[0]).toMatch(
        /^create postern\.exchange\.v1: 12 partitions, replication factor 1, /,
      );
      expect(lines.at(-1)).toBe('nothing was changed: --dry-run');
      expect(code).toBeUndefined();
      expect(await cluster.topics()).toEqual([]);
    });

    it('cannot be made with more copies than there are brokers, and the cluster says so of each', async () => {
      const rehearsal = posternTopics(
        { KAFKA_BROKERS: cluster.kafka.brokers },
        'apply',
        '--dry-run',
      );
      await expect(rehearsal).rejects.toThrow(
        /topic postern\.call\.v1: .*[Rr]eplication[ -]factor/,
      );
    });
  });

  describe('when others made some of them', () => {
    beforeAll(async () => {
      const wrong = [
        { topic: TOPICS.call, numPartitions: 3 },
        { topic: TOPICS.exchange, numPartitions: 12, policy: 'compact' },
        { topic: TOPICS.revocationState, numPartitions: 12, policy: 'compact,delete' },
      ];
      await cluster.administer((admin) =>
        admin.createTopics({
          waitForLeaders: false,
          topics: wrong.map(({ topic, numPartitions, policy = 'delete' }) => ({
            topic,
            numPartitions,
            replicationFactor: 1,
            configEntries: [{ name: 'cleanup.policy', value: policy }],
          })),
        }),
      );
      await until(async () => (await cluster.topics()).length === wrong.length);
    });

    it('are made and corrected but for what loses records, and what is left is named', async () => {
      const { lines, code } = await cli('apply');
      expect(lines.filter((line) => line.startsWith('create '))).toHaveLength(
        LAYOUTS_BY_NAME.size - 3,
      );
      expect(lines).toContain(
        'leave postern.call.v1: 3 partitions stay 3: another number would break the order of keys',
      );
      expect(lines).toContain(
        'leave postern.exchange.v1: cleanup.policy compact to delete: it deletes records, only with --allow-loss',
      );
      expect(lines).toContainEqual(
        expect.stringMatching(
          /^set postern\.revocation-state\.v1: cleanup\.policy compact,delete to compact, /,
        ),
      );
      expect(code).toBe(78);
      await expect(topics().check()).rejects.toThrow(
        /^Kafka at \S+ topic postern\.exchange\.v1 has cleanup\.policy compact, expected delete: [^\n]*\nKafka at \S+ topic postern\.call\.v1 has 3 partitions, expected 24: [^\n]*$/,
      );
    }, 60_000);

    it('are cleaned up as they must be with consent, and partitions are never added', async () => {
      const { lines, code } = await cli('apply', '--allow-loss');
      expect(lines).toContainEqual(
        expect.stringMatching(/^set postern\.exchange\.v1: cleanup\.policy compact to delete/),
      );
      expect(code).toBe(78);
      await cluster.delete(TOPICS.call);
      const again = await cli('apply');
      expect(again.lines[0]).toMatch(/^create postern\.call\.v1: 24 partitions/);
      expect((await topics().check()).join('\n')).toMatch(CREATES_UNASKED);
    }, 60_000);
  });

  describe('when they are there', () => {
    beforeAll(() => topics().createMissing(ONE_BROKER));

    it('are left alone by a second run', async () => {
      const { lines } = await cli('apply');
      expect(lines[0]).toBe('nothing to change');
      expect(await topics().createMissing(ONE_BROKER)).toEqual([]);
    });

    it('are called weak for what would lose records, and work on', async () => {
      const asking = topics();
      await cluster.set(TOPICS.call, {
        'cleanup.policy': 'delete',
        'retention.ms': '3600000',
        'flush.messages': '1000',
        'min.insync.replicas': '2',
      });
      await cluster.set(TOPICS.credentialState, {
        'cleanup.policy': 'compact',
        'retention.ms': '-1',
        'unclean.leader.election.enable': 'true',
      });
      const warnings = await asking.check({ topics: [TOPICS.call, TOPICS.credentialState] });
      expect(warnings).toEqual(
        [
          'topic postern.call.v1 has retention.ms 3600000 (1 hour), expected 604800000 (7 days): records are deleted before',
          'topic postern.call.v1 has min.insync.replicas 2 with replication factor 1: it takes no record at all',
          'topic postern.credential-state.v1 has min.compaction.lag.ms 0, expected at least 60000 (1 minute): ',
          'topic postern.credential-state.v1 has max.compaction.lag.ms 9223372036854775807, expected at most 3600000',
          'topic postern.credential-state.v1 has segment.ms 604800000 (7 days), expected at most 3600000 (1 hour): ',
          'topic postern.credential-state.v1 has delete.retention.ms 86400000 (1 day), expected 604800000 (7 days): ',
          'topic postern.credential-state.v1 has unclean.leader.election.enable true, expected false: ',
          'a broker has auto.create.topics.enable true, expected false: ',
        ].map((line): unknown =>
          expect.stringContaining(`Kafka at ${cluster.kafka.brokers}: ${line}`),
        ),
      );
      expect(await asking.health()).toBe(
        `8 warnings (postern topics check lists them): ${warnings[0]}`,
      );
    });

    it('are corrected, and keep what else was set on them', async () => {
      await cluster.set(TOPICS.handle, { 'retention.ms': '1000', 'flush.messages': '1000' });
      const { lines } = await cli('apply');
      expect(lines).toContain(
        'set postern.handle.v1: retention.ms 1000 (1 second) to 2592000000 (30 days)',
      );
      expect(await cluster.ownSettings(TOPICS.handle)).toEqual({
        'retention.ms': '2592000000',
        'flush.messages': '1000',
      });
    });

    it('may keep records for longer: that is noted, and shortened only with consent', async () => {
      await cluster.set(TOPICS.detection, { 'retention.ms': '-1' });
      const { lines } = await cli('check');
      expect(lines).toContainEqual(
        expect.stringMatching(
          /^note: topic postern\.detection\.v1 has retention\.ms -1 \(for ever\)/,
        ),
      );
      expect((await cli('apply')).lines).toContain(
        'leave postern.detection.v1: retention.ms -1 (for ever) to 31536000000 (365 days): it deletes records, only with --allow-loss',
      );
      await cli('apply', '--allow-loss');
      expect(await cluster.ownSettings(TOPICS.detection)).toEqual({
        'retention.ms': '31536000000',
      });
    });

    it('make a process unready when one goes, and ready as soon as it is back', async () => {
      const asking = topics();
      const selection = { topics: [TOPICS.auditCheckpoint] };
      await asking.check(selection);
      await cluster.delete(TOPICS.auditCheckpoint);
      await expect(asking.check()).rejects.toThrow('does not exist');
      await expect(asking.health()).rejects.toThrow('postern.audit-checkpoint.v1 does not exist');
      await topics().createMissing(ONE_BROKER);
      expect(await asking.health()).toMatch(CREATES_UNASKED);
    });
  });

  rightsOnTopics(() => cluster);

  describe('on a cluster as it must be', () => {
    beforeAll(() => createTopics(shared));

    it('are in order', async () => {
      const { lines, code } = await posternTopics(
        { KAFKA_BROKERS: shared },
        'check',
        ...ON_ONE_BROKER,
      );
      expect(lines).toEqual(['in order']);
      expect(code).toBeUndefined();
    });

    it('are weak for a cluster that should have three brokers', async () => {
      const { lines, code } = await posternTopics({ KAFKA_BROKERS: shared }, 'check');
      expect(lines).toContainEqual(
        expect.stringContaining('topic postern.call.v1 has replication factor 1, expected 3: '),
      );
      expect(code).toBe(78);
    });

    it('are open to everybody when nobody decides on rights', async () => {
      const { lines, code } = await posternTopics(
        { KAFKA_BROKERS: shared },
        'check',
        '--acls',
        ...ON_ONE_BROKER,
      );
      expect(lines).toContainEqual(expect.stringContaining('the brokers have no authorizer'));
      expect(code).toBe(78);
    });
  });

  it.each([
    [['check', '--min-insync', '0'], '--min-insync 0: expected a number from 1'],
    [['check', '--replication-factor', '1'], '--min-insync is above --replication-factor'],
    [['check', '--acls', '--principal', 'nobody=User:x'], 'expected a role of relay, proxy'],
    [['check', '--acls', '--principal', 'relay=User:*'], '--principal: expected User: and a name'],
    [['check', '--acls', '--principal', 'relay'], '--principal: expected User: and a name'],
    [['check', '--acls', '--administrator', 'root'], '--administrator: expected User: and a name'],
  ])('are not looked at with %j', async (args, message) => {
    await expect(posternTopics({ KAFKA_BROKERS: shared }, ...args)).rejects.toThrow(message);
  });

  it('need to know where Kafka is', async () => {
    await expect(posternTopics({ KAFKA_BROKERS: '' }, 'check')).rejects.toThrow(/KAFKA_BROKERS/);
  });
});
