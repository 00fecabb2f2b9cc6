import { LAYOUTS_BY_NAME, TOPIC_LAYOUTS, TOPICS } from '#events';
import { keepsLonger, satisfies, shownValue, topicSettings } from './topic-settings.js';

const DURABILITY = { minInSyncReplicas: 2 };

const valuesOf = (topic: keyof typeof TOPIC_LAYOUTS): Record<string, string> =>
  Object.fromEntries(
    topicSettings(TOPIC_LAYOUTS[topic], DURABILITY).map(({ name, value }) => [name, value]),
  );

const settingOf = (topic: keyof typeof TOPIC_LAYOUTS, name: string) =>
  topicSettings(TOPIC_LAYOUTS[topic], DURABILITY).find((setting) => setting.name === name)!;

describe('the settings of a topic', () => {
  it('keep evidence for its time, however much of it there is', () => {
    expect(valuesOf(TOPICS.call)).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '604800000',
      'retention.bytes': '-1',
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'max.message.bytes': '1048588',
      'compression.type': 'gzip',
    });
  });

  it('keep the last state of each key for ever, and tombstones for a week', () => {
    expect(valuesOf(TOPICS.revocationState)).toEqual({
      'cleanup.policy': 'compact',
      'retention.ms': '-1',
      'min.compaction.lag.ms': '60000',
      'max.compaction.lag.ms': '3600000',
      'segment.ms': '3600000',
      'delete.retention.ms': '604800000',
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'max.message.bytes': '1048588',
      'compression.type': 'gzip',
    });
  });

  it('close segments of what is kept for an hour within that hour', () => {
    expect(valuesOf(TOPICS.canary)['segment.ms']).toBe('3600000');
    expect(valuesOf(TOPICS.exchange)).not.toHaveProperty('segment.ms');
  });

  it('leave room in a dead letter for a record of any size and its headers', () => {
    const layout = LAYOUTS_BY_NAME.get('postern.dlq.postern-canary-watch.v1')!;
    const settings = topicSettings(layout, DURABILITY);
    const bytes = settings.find(({ name }) => name === 'max.message.bytes')?.value;
    expect(Number(bytes)).toBeGreaterThan(Number(valuesOf(TOPICS.canary)['max.message.bytes']));
  });

  it.each([
    [TOPICS.call, 'cleanup.policy', 'delete', true],
    [TOPICS.call, 'cleanup.policy', 'compact', false],
    [TOPICS.call, 'cleanup.policy', 'delete,compact', false],
    [TOPICS.revocationState, 'cleanup.policy', 'compact, delete', false],
    [TOPICS.revocationState, 'cleanup.policy', '', false],
    [TOPICS.call, 'retention.ms', '604800000', true],
    [TOPICS.call, 'retention.ms', '604799999', false],
    [TOPICS.call, 'retention.ms', '-1', true],
    [TOPICS.auditCheckpoint, 'retention.ms', '9000000000000000', false],
    [TOPICS.call, 'retention.bytes', '1073741824', false],
    [TOPICS.call, 'min.insync.replicas', '1', false],
    [TOPICS.call, 'min.insync.replicas', '3', true],
    [TOPICS.call, 'unclean.leader.election.enable', 'true', false],
    [TOPICS.call, 'max.message.bytes', '1048587', false],
    [TOPICS.command, 'compression.type', 'gzip', true],
    [TOPICS.command, 'compression.type', 'producer', false],
    [TOPICS.call, 'max.message.bytes', '2000000', true],
    [TOPICS.call, 'max.message.bytes', 'unreadable', false],
    [TOPICS.call, 'retention.ms', undefined, false],
    [TOPICS.revocationState, 'min.compaction.lag.ms', '0', false],
    [TOPICS.revocationState, 'max.compaction.lag.ms', '9223372036854775807', false],
    [TOPICS.revocationState, 'segment.ms', '604800000', false],
    [TOPICS.revocationState, 'segment.ms', '60000', true],
    [TOPICS.revocationState, 'delete.retention.ms', '86400000', false],
  ] as const)('of %s: %s may be %j: %s', (topic, name, found, fit) => {
    expect(satisfies(settingOf(topic, name), found)).toBe(fit);
  });

  it.each([
    ['retention.ms', '604800001', true],
    ['retention.ms', '-1', true],
    ['retention.ms', '604800000', false],
    ['retention.ms', '1', false],
    ['max.message.bytes', '9999999', false],
    ['min.insync.replicas', '3', false],
  ] as const)('keep more than they must: %s %s: %s', (name, found, longer) => {
    expect(keepsLonger(settingOf(TOPICS.call, name), found)).toBe(longer);
  });

  it.each([
    ['retention.ms', '604800000', '604800000 (7 days)'],
    ['retention.ms', '3600000', '3600000 (1 hour)'],
    ['retention.ms', '90000', '90000 (90 seconds)'],
    ['retention.ms', '1500', '1500'],
    ['retention.ms', '-1', '-1 (for ever)'],
    ['retention.bytes', '-1', '-1'],
    ['cleanup.policy', '', 'empty'],
  ])('are shown to people: %s %s', (name, value, shown) => {
    expect(shownValue(name, value)).toBe(shown);
  });
});
