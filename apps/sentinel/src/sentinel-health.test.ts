import { SUBSCRIPTION_IDLE_MAX_MS, type SubscriptionProgress, TOPICS } from '#events';
import { HealthRegistry } from '#platform';
import { addSentinelHealth, type SentinelState } from './sentinel-health.js';

const WELL: SubscriptionProgress = { idleMs: 10, caughtUp: true, blocked: [] };
const STANDING = {
  place: { topic: TOPICS.call, partition: 3, offset: '77' },
  reason: 'dependency-unavailable: postgresql: no answer',
};
const answering = (): Promise<void> => Promise.resolve();
const silent = (): Promise<void> => Promise.reject(new Error('Kafka at k:9092: no answer'));

function healthOf(state: Partial<SentinelState>, ping = answering): HealthRegistry {
  const health = new HealthRegistry();
  const all = { failure: undefined, progress: WELL, candidateProgress: undefined, note: undefined };
  addSentinelHealth(health, { ...all, ...state }, ping);
  health.enter('serving');
  return health;
}

describe('the health of a sentinel', () => {
  it('is ready and alive while it reads', async () => {
    const health = healthOf({ progress: { ...WELL, idleMs: SUBSCRIPTION_IDLE_MAX_MS } });
    expect(await health.readiness()).toMatchObject({ ready: true, degraded: false });
    expect(await health.standstills()).toEqual([]);
  });

  it.each<[string, Partial<SentinelState>, string]>([
    [
      'it still reads what lay there',
      { progress: { ...WELL, caughtUp: false } },
      'still reading what lay there at the start',
    ],
    ['rules are not tried', { note: 'D07 monitor and do not enforce' }, 'D07 monitor'],
    [
      'candidates wait for evidence',
      { candidateProgress: { ...WELL, blocked: [STANDING] } },
      'postern.call.v1: dependency-unavailable',
    ],
  ])('is ready, with a note, while %s', async (_, state, note) => {
    const { ready, degraded, checks } = await healthOf(state).readiness();
    expect([ready, degraded]).toEqual([true, true]);
    expect(checks.map(({ reason }) => reason).join()).toContain(note);
  });

  it.each<[string, Partial<SentinelState>, string]>([
    ['nothing is read any more', { failure: new Error('the group is gone') }, 'the group is gone'],
    [
      'a partition stands still',
      { progress: { ...WELL, blocked: [STANDING] } },
      'postern.call.v1, partition 3 stands still at offset 77',
    ],
    [
      'nothing was heard for more than a minute',
      { progress: { ...WELL, idleMs: SUBSCRIPTION_IDLE_MAX_MS + 1_000 } },
      'no progress for 61 s',
    ],
    [
      'nothing was heard of candidates for more than a minute',
      { candidateProgress: { ...WELL, idleMs: SUBSCRIPTION_IDLE_MAX_MS + 1_000 } },
      'no progress for 61 s',
    ],
  ])('is not ready when %s, and says so', async (_, state, reason) => {
    const { ready, checks } = await healthOf(state).readiness();
    expect(ready).toBe(false);
    expect(checks.map((check) => check.reason ?? '').join()).toContain(reason);
  });

  const stalled = { ...WELL, idleMs: SUBSCRIPTION_IDLE_MAX_MS + 1 };

  it.each<[string, Partial<SentinelState>]>([
    ['nothing is read any more', { failure: new Error('the group is gone') }],
    ['a minute has brought nothing', { progress: stalled }],
    ['a minute has brought no word of candidates', { candidateProgress: stalled }],
  ])('is not alive when %s', async (_, state) => {
    expect(await healthOf(state).standstills()).toMatchObject([{ name: 'sentinel', ok: false }]);
  });

  it.each<[string, Partial<SentinelState>, () => Promise<void>]>([
    [
      'a minute is not over',
      { progress: { ...WELL, idleMs: SUBSCRIPTION_IDLE_MAX_MS } },
      answering,
    ],
    ['what it works with is away', { progress: stalled }, silent],
    ['a partition stands still', { progress: { ...WELL, blocked: [STANDING] } }, answering],
  ])('is alive while %s', async (_, state, ping) => {
    expect(await healthOf(state, ping).standstills()).toEqual([]);
  });
});
