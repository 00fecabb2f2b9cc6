import { jest } from '@jest/globals';
import { HealthRegistry } from './health.js';

function serving(): HealthRegistry {
  const health = new HealthRegistry();
  health.enter('serving');
  return health;
}

describe('readiness', () => {
  it('is no before the process serves, and again when it stops', async () => {
    const health = new HealthRegistry();
    expect(await health.readiness()).toMatchObject({
      ready: false,
      checks: [{ name: 'process', ok: false, reason: 'starting' }],
    });
    health.enter('serving');
    expect(await health.readiness()).toEqual({ ready: true, degraded: false, checks: [] });
    health.enter('stopping');
    expect(await health.readiness()).toMatchObject({
      ready: false,
      checks: [{ name: 'process', ok: false, reason: 'stopping' }],
    });
  });

  it('tells the reason of each dependency that does not work', async () => {
    const health = serving();
    health.add('postgresql', () => Promise.resolve());
    health.add('kafka', () => Promise.reject(new Error('no broker answers\nat line 2')));
    health.add('vault', () => {
      throw new Error(`sealed, says postgres://u:hunter2@h`);
    });
    expect(await health.readiness()).toEqual({
      ready: false,
      degraded: true,
      checks: [
        { name: 'postgresql', ok: true },
        { name: 'kafka', ok: false, reason: 'no broker answers' },
        { name: 'vault', ok: false, reason: 'sealed, says postgres://[redacted]@h' },
      ],
    });
  });

  it('is yes, and degraded, when something works and not as it should', async () => {
    const health = serving();
    health.add('grants', () => 'the last good set is in force');
    expect(await health.readiness()).toEqual({
      ready: true,
      degraded: true,
      checks: [{ name: 'grants', ok: true, reason: 'the last good set is in force' }],
    });
  });

  it('does not wait for a dependency that never answers', async () => {
    jest.useFakeTimers();
    const health = serving();
    health.add('vault', () => new Promise<void>(() => undefined));
    const asked = health.readiness();
    await jest.advanceTimersByTimeAsync(3_000);
    jest.useRealTimers();
    expect((await asked).checks).toEqual([
      { name: 'vault', ok: false, reason: 'no answer within 3000 ms' },
    ]);
  });

  it('does not ask whether it stands still, which only another start mends', async () => {
    const health = serving();
    health.addLife('relay', () => Promise.reject(new Error('no progress for 61 s')));
    expect(await health.readiness()).toEqual({ ready: true, degraded: false, checks: [] });
    expect(await health.standstills()).toEqual([
      { name: 'relay', ok: false, reason: 'no progress for 61 s' },
    ]);
  });

  it('tells of no standstill while it gets on, whatever it depends on', async () => {
    const health = serving();
    health.add('kafka', () => Promise.reject(new Error('no broker')));
    health.addLife('relay', () => undefined);
    expect(await health.standstills()).toEqual([]);
    expect(() => health.addLife('relay', () => undefined)).toThrow('"relay" already');
  });

  it('never loses a check to another of the same name', () => {
    const health = serving();
    health.add('kafka', () => undefined);
    expect(() => health.add('kafka', () => undefined)).toThrow('"kafka" already');
  });
});
