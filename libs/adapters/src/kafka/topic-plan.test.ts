import { TOPIC_LAYOUTS, TOPICS } from '#events';
import { type FoundTopic, type TopicState } from './topic-differences.js';
import { describeStep, stepsFor, type TopicStep } from './topic-plan.js';
import { topicSettings } from './topic-settings.js';

type Known = keyof typeof TOPIC_LAYOUTS;
const durability = { replicationFactor: 3, minInSyncReplicas: 2 };

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
const plan = (topic: Known, state: TopicState, allowLoss = false): readonly TopicStep[] =>
  stepsFor(topic, state, { layout: TOPIC_LAYOUTS[topic], durability, allowLoss });
const lines = (...given: Parameters<typeof plan>): readonly string[] =>
  plan(...given).map(describeStep);

describe('what makes a topic as it must be', () => {
  it.each(Object.values(TOPICS))('is nothing when it is so: %s', (topic) => {
    expect(plan(topic, found(topic), true)).toEqual([]);
  });

  it('is to create it with every setting, whatever the defaults of the brokers are', () => {
    expect(lines(TOPICS.canary, 'missing')).toEqual([
      'create postern.canary.v1: 12 partitions, replication factor 3, cleanup.policy=delete ' +
        'retention.ms=3600000 retention.bytes=-1 segment.ms=3600000 min.insync.replicas=2 ' +
        'unclean.leader.election.enable=false max.message.bytes=1048588 compression.type=gzip',
    ]);
  });

  it('is nothing that we can do when our user may not see it, or may not read its settings', () => {
    expect(plan(TOPICS.call, 'hidden')).toMatchObject([{ kind: 'left' }]);
    const unread = { ...found(TOPICS.call), settings: undefined };
    expect(plan(TOPICS.call, unread, true)).toMatchObject([{ kind: 'left' }]);
  });

  it('never is another number of partitions or replicas', () => {
    const other = { ...found(TOPICS.call), partitions: 3, replicationFactor: 2 };
    expect(lines(TOPICS.call, other, true)).toEqual([
      'leave postern.call.v1: 3 partitions stay 3: another number would break the order of keys',
      'leave postern.call.v1: replication factor stays 2: kafka-reassign-partitions.sh adds replicas',
    ]);
  });

  it('corrects what loses records, and names every setting that the topic has of its own again', () => {
    const state = found(TOPICS.call, { 'retention.ms': '1000', 'flush.messages': '7' });
    const inherited = new Map(state.settings).set('flush.ms', { value: '9', own: false });
    const [step, ...others] = plan(TOPICS.call, { ...state, settings: inherited });
    expect(others).toEqual([]);
    expect(describeStep(step!)).toBe(
      'set postern.call.v1: retention.ms 1000 (1 second) to 604800000 (7 days)',
    );
    const settings = step?.kind === 'set' ? step.settings : new Map<string, string>();
    expect(settings.get('retention.ms')).toBe('604800000');
    expect(settings.get('flush.messages')).toBe('7');
    expect(settings.get('cleanup.policy')).toBe('delete');
    expect(settings.has('flush.ms')).toBe(false);
  });

  it.each([
    [TOPICS.call, 'retention.ms', '-1'],
    [TOPICS.call, 'retention.ms', '604800001'],
    [TOPICS.call, 'cleanup.policy', 'compact'],
    [TOPICS.revocationState, 'cleanup.policy', 'delete'],
    [TOPICS.revocationState, 'delete.retention.ms', '999999999'],
  ])('of %s, %s %s is changed only with consent to lose records', (topic, name, value) => {
    const state = found(topic, { [name]: value });
    expect(lines(topic, state)).toEqual([expect.stringContaining('only with --allow-loss')]);
    expect(plan(topic, state, true)).toMatchObject([
      { kind: 'set', changes: [{ name, from: value }] },
    ]);
  });

  it.each([
    [TOPICS.revocationState, 'compact,delete'],
    [TOPICS.call, 'delete,compact'],
  ])('of %s, ends what should not be done of %s without any consent', (topic, policy) => {
    expect(plan(topic, found(topic, { 'cleanup.policy': policy }))).toMatchObject([
      { kind: 'set' },
    ]);
  });

  it('lets a topic take records that waits for more replicas than it has', () => {
    const strict = found(TOPICS.call, { 'min.insync.replicas': '4' });
    expect(lines(TOPICS.call, strict)).toEqual(['set postern.call.v1: min.insync.replicas 4 to 2']);
    expect(plan(TOPICS.call, found(TOPICS.call, { 'min.insync.replicas': '3' }))).toEqual([]);
  });

  it('never asks for more replicas in sync than there are', () => {
    const lone = { ...found(TOPICS.call, { 'min.insync.replicas': '1' }), replicationFactor: 1 };
    expect(lines(TOPICS.call, lone, true).at(-1)).toContain(
      'min.insync.replicas 1 to 2: it has 1 replicas, and would take no record',
    );
  });
});
