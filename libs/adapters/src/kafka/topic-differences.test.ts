import { TOPIC_LAYOUTS, TOPICS } from '#events';
import {
  describeDifference,
  differencesOf,
  type FoundTopic,
  type TopicState,
} from './topic-differences.js';
import { topicSettings } from './topic-settings.js';

type Known = keyof typeof TOPIC_LAYOUTS;
const durability = { replicationFactor: 3, minInSyncReplicas: 2 };

/** As it must be, but for what is said. */
function found(topic: Known, settings: Record<string, string> = {}): FoundTopic {
  const wanted = topicSettings(TOPIC_LAYOUTS[topic], durability);
  const values = {
    ...Object.fromEntries(wanted.map(({ name, value }) => [name, value])),
    ...settings,
  };
  return {
    partitions: TOPIC_LAYOUTS[topic].partitions,
    replicationFactor: 3,
    settings: new Map(
      Object.entries(values).map(([name, value]) => [name, { value, own: true }] as const),
    ),
  };
}
const differences = (topic: Known, state: TopicState) =>
  differencesOf(topic, state, { layout: TOPIC_LAYOUTS[topic], durability });
const lines = (topic: Known, state: TopicState): readonly string[] =>
  differences(topic, state).map((one) => `${one.weight}: ${describeDifference(one)}`);

describe('a topic of a cluster, compared with its layout', () => {
  it.each(Object.values(TOPICS))('has no difference when it is as it must be: %s', (topic) => {
    expect(lines(topic, found(topic))).toEqual([]);
  });

  it('is told apart from one that our user may not see', () => {
    expect(lines(TOPICS.call, 'missing')).toEqual([
      'refusal: topic postern.call.v1 does not exist: who writes to it or reads it stands still; ' +
        'postern topics apply, as an administrator, makes it',
    ]);
    expect(lines(TOPICS.call, 'hidden')[0]).toMatch(
      /^refusal: topic postern\.call\.v1 does not exist, or our user may not see it: /,
    );
  });

  it('refuses another number of partitions', () => {
    expect(lines(TOPICS.call, { ...found(TOPICS.call), partitions: 25 })).toEqual([
      expect.stringMatching(
        /^refusal: topic postern\.call\.v1 has 25 partitions, expected 24: .*cannot be corrected/,
      ),
    ]);
  });

  it.each([
    [TOPICS.revocationState, 'delete'],
    [TOPICS.revocationState, 'compact,delete'],
    [TOPICS.call, 'compact'],
    [TOPICS.call, 'delete,compact'],
  ])('refuses %s that is cleaned up by %s', (topic, policy) => {
    expect(lines(topic, found(topic, { 'cleanup.policy': policy }))).toEqual([
      expect.stringContaining(`refusal: topic ${topic} has cleanup.policy ${policy}, expected `),
    ]);
  });

  it('warns of each setting that loses records, in one line that says what it risks and what to do', () => {
    const settings = { 'retention.ms': '3600000', 'unclean.leader.election.enable': 'true' };
    expect(lines(TOPICS.call, found(TOPICS.call, settings))).toEqual([
      'warning: topic postern.call.v1 has retention.ms 3600000 (1 hour), expected 604800000 (7 days): ' +
        'records are deleted before their time, read or not; postern topics apply, as an administrator, corrects it',
      'warning: topic postern.call.v1 has unclean.leader.election.enable true, expected false: a replica that ' +
        'lags behind can become the leader, and what it lacks is lost; postern topics apply, as an administrator, corrects it',
    ]);
  });

  it('says at which limit a setting may be', () => {
    const slow = { 'max.compaction.lag.ms': '9223372036854775807', 'min.compaction.lag.ms': '0' };
    const told = lines(TOPICS.credentialState, found(TOPICS.credentialState, slow)).join('\n');
    expect(told).toContain('has min.compaction.lag.ms 0, expected at least 60000 (1 minute)');
    expect(told).toContain('expected at most 3600000 (1 hour)');
  });

  it('warns of too few replicas, and of a topic that takes no record', () => {
    const lone: FoundTopic = { ...found(TOPICS.call), replicationFactor: 1 };
    expect(lines(TOPICS.call, lone)).toEqual([
      expect.stringContaining(
        'warning: topic postern.call.v1 has replication factor 1, expected 3',
      ),
      expect.stringContaining(
        'has min.insync.replicas 2 with replication factor 1: it takes no record at all',
      ),
    ]);
    const strict = found(TOPICS.call, { 'min.insync.replicas': '3' });
    expect(lines(TOPICS.call, strict)).toEqual([
      expect.stringContaining('it takes no record while one broker is away'),
    ]);
  });

  it('makes only a note of records that are kept for longer', () => {
    const longer = found(TOPICS.call, { 'retention.ms': '-1' });
    expect(lines(TOPICS.call, longer)).toEqual([
      expect.stringMatching(/^note: .*has retention\.ms -1 \(for ever\), expected 604800000/),
    ]);
  });

  it('warns when its settings cannot be read, and still counts its partitions', () => {
    const unread: FoundTopic = { ...found(TOPICS.call), settings: undefined, partitions: 1 };
    expect(differences(TOPICS.call, unread).map(({ weight, what }) => [weight, what])).toEqual([
      ['refusal', 'has 1 partitions, expected 24'],
      ['warning', expect.stringContaining('may not read')],
    ]);
  });
});
