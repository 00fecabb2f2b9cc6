import {
  CATALOGUE,
  deadLetterTopicOf,
  EVENT_TOPICS,
  EVIDENCE_GROUPS,
  type EventType,
  LAYOUTS_BY_NAME,
  topicOf,
  TOPICS,
} from '#events';

describe('the topics', () => {
  it.each(Object.keys(CATALOGUE) as EventType[])('have one for %s', (type) => {
    expect(EVENT_TOPICS).toContain(topicOf(type));
  });

  it('have a layout each, and so has what a group of ours gives up on', () => {
    const names = [...Object.values(TOPICS), ...EVIDENCE_GROUPS.map(deadLetterTopicOf)];
    expect([...LAYOUTS_BY_NAME.keys()]).toEqual(names);
  });

  it('keep dead letters of each group apart, under a name that tells the group', () => {
    expect(deadLetterTopicOf('postern-canary-watch')).toBe('postern.dlq.postern-canary-watch.v1');
    expect(LAYOUTS_BY_NAME.get('postern.dlq.postern-canary-watch.v1')).toMatchObject({
      partitions: 12,
      cleanup: 'delete',
      retentionMs: 30 * 24 * 3_600_000,
    });
  });
});
