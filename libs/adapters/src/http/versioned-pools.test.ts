import { jest } from '@jest/globals';
import { aProxiedResource } from '#testing';
import { type ConnectionPool, VersionedPools } from './versioned-pools.js';

class Pool implements ConnectionPool {
  closed = false;
  constructor(readonly version: number) {}
  async close(): Promise<void> {
    this.closed = true;
  }
  async destroy(): Promise<void> {
    this.closed = true;
  }
}

describe('the connections of a resource', () => {
  const resource = aProxiedResource();
  let nowMs: number;
  let pools: VersionedPools<Pool>;
  beforeEach(() => {
    nowMs = 0;
    pools = new VersionedPools(
      ({ credentialVersion }) => new Pool(credentialVersion),
      () => nowMs,
    );
  });
  const of = (credentialVersion: number): Pool =>
    pools.of({ resource, credentialVersion, tlsIdentity: undefined })!;

  it('are shared by the calls of one version, and closed by the next', () => {
    const first = of(1);
    expect(of(1)).toBe(first);
    expect(of(2)).not.toBe(first);
    expect(first.closed).toBe(true);
  });

  it('are not given to a late call of the version before, nor taken from the current one', () => {
    const current = of(2);
    const late = of(1);
    expect(late.version).toBe(1);
    expect(of(2)).toBe(current);
    expect(current.closed).toBe(false);
  });

  it('of an older version are shared by those that fall back on it, and closed when they do not', () => {
    jest.useFakeTimers();
    const current = of(3);
    const older = of(2);
    for (nowMs = 0; nowMs < 30_000; nowMs += 5_000) {
      expect(of(2)).toBe(older);
      jest.advanceTimersByTime(5_000);
    }
    expect([of(3), older.closed]).toEqual([current, false]);
    nowMs += 10_000;
    jest.advanceTimersByTime(20_000);
    expect([older.closed, current.closed]).toEqual([true, false]);
    jest.useRealTimers();
  });

  it('of two older versions are not kept', () => {
    of(3);
    const [second, first] = [of(2), of(1)];
    expect([first.version, second.closed, first.closed]).toEqual([1, true, false]);
  });

  it('are all closed at the end, those of an older version too', async () => {
    const [current, older] = [of(3), of(2)];
    await pools.close(0);
    expect([current.closed, older.closed]).toEqual([true, true]);
    expect(of(3)).toBeUndefined();
  });

  it('go to a lower number when the greater one has been out of use for a minute: it begins anew', () => {
    const old = of(5);
    nowMs = 59_999;
    expect(of(1)).not.toBe(old);
    expect(of(5)).toBe(old);
    nowMs = 120_000;
    const anew = of(1);
    expect(of(1)).toBe(anew);
    expect(old.closed).toBe(true);
  });

  it('stay with the greater number as long as it is asked for', () => {
    const current = of(5);
    for (nowMs = 0; nowMs < 300_000; nowMs += 30_000) {
      expect(of(5)).toBe(current);
      expect(of(1)).not.toBe(current);
    }
    expect(current.closed).toBe(false);
  });
});
