import kafkajs from 'kafkajs';
import { KafkaEventBus, KafkaTopics, topicsOf } from '#adapters/kafka';
import { type BusRecord, TOPICS } from '#events';
import { Secret, SystemClock } from '#kernel';
import { anOutboxEvent, EventListener, InMemoryOutbox, InMemoryOutboxLog } from '#testing';
import { type ClusterUser, type KafkaCluster } from './kafka-cluster.js';
import { ON_ONE_BROKER, posternTopics } from './postern-topics.js';

const DURABILITY = { replicationFactor: 1, minInSyncReplicas: 1 };
const DEAD_LETTERS = 'postern.dlq.postern-canary-watch.v1';

async function aRecord(key: string): Promise<readonly BusRecord[]> {
  const log = new InMemoryOutboxLog(new SystemClock());
  const outbox = new InMemoryOutbox(log);
  await log.append([anOutboxEvent(key)]);
  await outbox.lease();
  return (await outbox.next(1))?.records ?? [];
}

/** Who may do what, on a broker that decides by an access control list. */
export function rightsOnTopics(place: () => KafkaCluster): void {
  describe('and who may do what with them', () => {
    let cluster: KafkaCluster;
    const open: { close(): Promise<void> }[] = [];
    const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
      open.push(thing);
      return thing;
    };
    const topics = (options = cluster.administrator): KafkaTopics => kept(new KafkaTopics(options));
    const cli = (...args: readonly string[]): ReturnType<typeof posternTopics> =>
      posternTopics({ KAFKA_BROKERS: cluster.kafka.brokers }, ...args, ...ON_ONE_BROKER);
    const rights = [
      '--acls',
      ...['siem', 'soar', 'stream-processor'].flatMap((role) => [
        '--principal',
        `${role}=User:${role}`,
      ]),
    ];
    const grantsOf = (lines: readonly string[]): readonly string[] =>
      lines.filter((line) => line.startsWith('grant '));

    beforeAll(async () => {
      cluster = place();
      await topics().createMissing(DURABILITY);
      await cli('apply');
    });
    afterAll(() => Promise.all(open.map((thing) => thing.close())));

    it('are not seen by a user without rights, who is told so', async () => {
      const check = topics(cluster.as('postern-relay')).check({ topics: [TOPICS.call] });
      await expect(check).rejects.toThrow(
        /topic postern\.call\.v1 does not exist, or our user may not see it: .*deploy\/kafka\/acls\.md/,
      );
    });

    it('are not shown to who has a wrong password, which is not repeated', async () => {
      const sasl = { ...cluster.as('siem').sasl!, password: Secret.of('canary-77') };
      const ping = topics({ ...cluster.as('siem'), sasl }).ping();
      await expect(ping).rejects.toThrow(/does not accept our user, password or mechanism/);
      await expect(ping).rejects.not.toThrow(/canary-77/);
    });

    it('are given once, to those who are named', async () => {
      const missing = await cli('check', ...rights);
      expect(missing.lines).toContain(
        'User:postern-relay Write on topic postern.call.v1 is missing: postern topics apply --acls',
      );
      const { lines } = await cli('apply', ...rights);
      expect(grantsOf(lines)).toContain('grant User:soar Write on topic postern.command.v1');
      expect(grantsOf(lines)).toContain('grant User:postern-proxy Read on group postern-proxy-*');
      expect(lines.join('\n')).not.toContain('User:postern-tail');
      expect(grantsOf((await cli('apply', ...rights)).lines)).toEqual([]);
    });

    it.each<[ClusterUser, string]>([
      ['postern-relay', TOPICS.exchange],
      ['postern-relay', TOPICS.revocationState],
      ['postern-relay', DEAD_LETTERS],
      ['soar', TOPICS.command],
      ['stream-processor', TOPICS.detectionCandidates],
      ['postern-sentinel', 'postern.dlq.postern-sentinel.v1'],
    ])('%s may write %s', async (user, topic) => {
      await expect(cluster.write(user, topic)).resolves.toBeUndefined();
    });

    it.each<[ClusterUser, string]>([
      ['postern-relay', TOPICS.command],
      ['postern-proxy', TOPICS.revocationState],
      ['postern-control', TOPICS.command],
      ['siem', TOPICS.exchange],
      ['soar', TOPICS.exchange],
      ['soar', TOPICS.revocationState],
      ['stream-processor', TOPICS.call],
      ['stream-processor', TOPICS.command],
      ['postern-sentinel', TOPICS.detectionCandidates],
      ['postern-sentinel', TOPICS.detection],
      ['postern-relay', TOPICS.detectionCandidates],
      ['stranger', TOPICS.call],
    ])('%s may not write %s', async (user, topic) => {
      await expect(cluster.write(user, topic)).rejects.toThrow(/[Nn]ot authorized/);
    });

    it.each<[ClusterUser, string, string]>([
      ['postern-proxy', TOPICS.revocationState, 'postern-proxy-1'],
      ['postern-proxy', TOPICS.credentialState, 'postern-proxy-2'],
      ['postern-control', TOPICS.command, 'postern-control-commands'],
      ['postern-relay', TOPICS.canary, 'postern-canary-watch_1'],
      ['siem', TOPICS.call, 'siem'],
      ['postern-sentinel', TOPICS.call, 'postern-sentinel-eu'],
      ['postern-sentinel', TOPICS.detectionCandidates, 'postern-sentinel-eu.candidates'],
      ['stream-processor', TOPICS.exchange, 'postern-rules'],
    ])('%s may read %s in group %s', async (user, topic, group) => {
      await expect(cluster.read(user, topic, group)).resolves.toBeUndefined();
    });

    it.each<[ClusterUser, string, string]>([
      ['postern-proxy', TOPICS.exchange, 'postern-proxy-3'],
      ['postern-control', TOPICS.exchange, 'postern-control-commands'],
      ['postern-relay', TOPICS.call, 'postern-canary-watch'],
      ['siem', TOPICS.command, 'siem'],
      ['siem', TOPICS.detectionCandidates, 'siem'],
      ['stream-processor', TOPICS.handle, 'postern-rules'],
      ['stream-processor', TOPICS.detectionCandidates, 'postern-rules'],
      ['stranger', TOPICS.call, 'stranger'],
    ])('%s may not read %s in group %s', async (user, topic, group) => {
      await expect(cluster.read(user, topic, group)).rejects.toThrow(/[Nn]ot authorized/);
    });

    // kafkajs asks each broker who coordinates the group, and forgets why it was refused.
    it.each<[ClusterUser, string, string]>([
      ['postern-proxy', TOPICS.revocationState, 'postern-control-commands'],
      ['postern-relay', TOPICS.canary, 'postern-proxy-1'],
      ['siem', TOPICS.call, 'siem-of-others'],
      ['soar', TOPICS.command, 'postern-control-commands'],
    ])('%s may not read %s as a member of %s', async (user, topic, group) => {
      await expect(cluster.read(user, topic, group)).rejects.toThrow(
        'Failed to find group coordinator',
      );
    });

    it('let the relay look at its topics, publish events, and nothing else', async () => {
      expect(
        await topics(cluster.as('postern-relay')).check({ topics: topicsOf('relay') }),
      ).toEqual([]);
      const bus = kept(new KafkaEventBus(cluster.as('postern-relay', 'scram-sha-512')));
      const records = await aRecord('hdl_rights');
      await bus.publish(records);
      const heard = await new EventListener('hdl_rights').listen(
        kept(new KafkaEventBus(cluster.administrator)),
      );
      await heard.has(1);
      expect(heard.records).toEqual(records);
      const commands = records.map((record) => ({ ...record, topic: TOPICS.command }));
      await expect(bus.publish(commands)).rejects.toThrow(
        /our user lacks a right on a topic: see deploy\/kafka\/acls\.md/,
      );
    });

    it('let each process look at the topics that it uses', async () => {
      for (const role of ['proxy', 'control', 'sentinel'] as const) {
        const asking = topics(cluster.as(`postern-${role}`));
        expect(await asking.check({ topics: topicsOf(role) })).toEqual([]);
      }
    });

    it('only weaken the look of who may not read settings', async () => {
      const warnings = await topics(cluster.as('soar')).check({ topics: [TOPICS.command] });
      expect(warnings).toEqual([
        expect.stringContaining('topic postern.command.v1 has settings that our user may not read'),
      ]);
    });

    it('let who may read the settings of some look at those', async () => {
      const { AclOperationTypes, AclPermissionTypes, AclResourceTypes } = kafkajs;
      const right = {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: TOPICS.call,
        resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
        principal: 'User:siem',
        host: '*',
        operation: AclOperationTypes.DESCRIBE_CONFIGS,
        permissionType: AclPermissionTypes.ALLOW,
      };
      await cluster.add([right]);
      await cluster.set(TOPICS.call, { 'retention.ms': '5' });
      const asking = topics(cluster.as('siem'));
      expect(await asking.check({ topics: [TOPICS.exchange, TOPICS.call] })).toEqual([
        expect.stringContaining(`topic ${TOPICS.exchange} has settings that our user may not read`),
        expect.stringContaining(`topic ${TOPICS.call} has retention.ms 5, expected 604800000`),
      ]);
    });

    it('are not changed by who is no administrator', async () => {
      const changing = posternTopics(cluster.environmentOf('siem'), 'apply', ...ON_ONE_BROKER);
      await expect(changing).rejects.toThrow(
        /topic postern\.call\.v1: its settings were not changed: .*[Nn]ot authorized/,
      );
      const applying = posternTopics(
        cluster.environmentOf('postern-relay'),
        'check',
        ...ON_ONE_BROKER,
        '--acls',
      );
      await expect(applying).rejects.toThrow(/our user lacks a right on the cluster/);
    });

    it('are too many when others may write, and that is named but not taken away', async () => {
      const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } =
        kafkajs;
      const wide = {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: 'postern.',
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        host: '*',
      };
      const write = { ...wide, principal: 'User:stranger', operation: AclOperationTypes.WRITE };
      const deny = { ...wide, principal: 'User:siem', operation: AclOperationTypes.READ };
      const entries = [
        { ...write, permissionType: AclPermissionTypes.ALLOW },
        { ...deny, permissionType: AclPermissionTypes.DENY },
      ];
      await cluster.add(entries);
      const { lines, code } = await cli('check', ...rights);
      expect(lines).toContainEqual(
        expect.stringContaining(
          'User:stranger may Write topic postern.call.v1: whoever has its password can forge',
        ),
      );
      expect(lines).toContain(
        'User:siem Read on topic postern.call.v1 is taken away by a DENY, which goes before',
      );
      expect(code).toBe(78);
      const trusted = await cli('check', ...rights, '--administrator', 'User:stranger');
      expect(trusted.lines.join('\n')).not.toContain('User:stranger');
      await cluster.administer((admin) => admin.deleteAcls({ filters: entries }));
    });
  });
}
