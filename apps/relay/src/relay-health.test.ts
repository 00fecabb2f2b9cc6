import { HealthRegistry } from '#platform';
import { addRelayHealth } from './relay-health.js';
import { type RelayState } from './relay.module.js';

const WELL: RelayState = { trouble: undefined, note: undefined, stalledSeconds: 0, waiting: 0 };
const answering = (): Promise<void> => Promise.resolve();
const silent = (): Promise<void> => Promise.reject(new Error('Kafka at k:9092: no answer'));

function healthOf(state: Partial<RelayState>, ping = answering): HealthRegistry {
  const health = new HealthRegistry();
  addRelayHealth(health, { ...WELL, ...state }, ping);
  health.enter('serving');
  return health;
}

describe('the health of a relay', () => {
  it('is ready and alive while it gets on', async () => {
    const health = healthOf({ waiting: 5, stalledSeconds: 30 });
    expect(await health.readiness()).toMatchObject({ ready: true, degraded: false });
    expect(await health.standstills()).toEqual([]);
  });

  it('is ready, with a note, while something is late', async () => {
    const health = healthOf({ note: 'outbox: 9 events wait, the oldest for 61 s' });
    expect(await health.readiness()).toMatchObject({
      ready: true,
      degraded: true,
      checks: [{ ok: true, reason: 'outbox: 9 events wait, the oldest for 61 s' }],
    });
  });

  it('is not ready while nothing gets through, and says why', async () => {
    const health = healthOf({ trouble: 'Kafka at k:9092: no broker can be reached' });
    expect(await health.readiness()).toMatchObject({
      ready: false,
      checks: [{ ok: false, reason: 'Kafka at k:9092: no broker can be reached' }],
    });
  });

  it('is not ready after a turn that has been going on for more than half a minute', async () => {
    const health = healthOf({ stalledSeconds: 31 });
    expect(await health.readiness()).toMatchObject({
      ready: false,
      checks: [{ reason: 'no progress for 31 s' }],
    });
  });

  it('is not alive when events wait, Kafka answers and a minute has brought nothing', async () => {
    const health = healthOf({ stalledSeconds: 61, waiting: 1 });
    expect(await health.standstills()).toMatchObject([{ name: 'relay', ok: false }]);
  });

  it.each([
    ['a minute is not over', { stalledSeconds: 60, waiting: 1 }, answering],
    ['nothing waits', { stalledSeconds: 61, waiting: 0 }, answering],
    ['Kafka does not answer', { stalledSeconds: 61, waiting: 1 }, silent],
  ])('is alive while %s', async (_, state, ping) => {
    expect(await healthOf(state, ping).standstills()).toEqual([]);
  });
});
