import { checkProgress, type SubscriptionProgress, TOPICS } from '#events';

const well: SubscriptionProgress = { idleMs: 100, caughtUp: true, blocked: [] };
const block = (offset: string) => ({
  place: { topic: TOPICS.revocationState, partition: 7, offset },
  reason: 'event-unreadable/not_json: the value of the record is no JSON',
});

describe('the health of a subscription', () => {
  it('is well when it has caught up and hears from the bus', () => {
    expect(checkProgress(well)).toBeUndefined();
    expect(checkProgress({ ...well, idleMs: 60_000 })).toBeUndefined();
  });

  it('is degraded, but not gone, while it reads what lay there', () => {
    expect(checkProgress({ ...well, caughtUp: false })).toBe(
      'still reading what lay there at the start',
    );
    expect(checkProgress(undefined)).toBe('not subscribed yet');
  });

  it('is gone when nothing was heard for more than a minute', () => {
    expect(() => checkProgress({ ...well, idleMs: 61_500 })).toThrow('no progress for 61 s');
  });

  it('names the place and the reason when a partition stands still, and counts the others', () => {
    expect(() => checkProgress({ ...well, blocked: [block('41')] })).toThrow(
      'postern.revocation-state.v1, partition 7 stands still at offset 41: event-unreadable/not_json: ' +
        'the value of the record is no JSON',
    );
    expect(() => checkProgress({ ...well, blocked: [block('41'), block('9')] })).toThrow(
      '(and 1 other partitions)',
    );
  });
});
