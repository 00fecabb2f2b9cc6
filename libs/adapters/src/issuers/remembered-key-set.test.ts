import { setImmediate as settled } from 'node:timers/promises';
import { type PublishedJwk } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { FixedClock } from '#testing';
import { type KeySetRhythm } from './key-set-rhythm.js';
import { RememberedKeySet } from './remembered-key-set.js';

describe('a remembered key set', () => {
  let clock: FixedClock;
  let set: RememberedKeySet;
  let loads: number;
  let problems: string[];
  let load: () => Promise<readonly PublishedJwk[]>;
  let rhythm: KeySetRhythm;

  beforeEach(() => {
    clock = new FixedClock();
    loads = 0;
    problems = [];
    load = async () => [{ kid: 'first' }];
    rhythm = {
      refreshAfterSeconds: 240,
      freshForSeconds: 300,
      retryAfterSeconds: 30,
      usableForSeconds: 3600,
    };
    set = new RememberedKeySet({
      clock,
      issuerId: 'idp',
      rhythm: () => rhythm,
      load: async () => {
        loads += 1;
        return { keys: await load() };
      },
      onProblem: (message) => problems.push(message),
    });
  });

  const fail = async (): Promise<never> => {
    throw new Error('the server is on fire');
  };
  const keyIds = async (): Promise<readonly unknown[]> =>
    (await set.current()).keys.map((jwk) => jwk['kid']);

  it('is renewed in the background first, and waited for only when it is too old', async () => {
    await keyIds();
    load = async () => [{ kid: 'second' }];
    clock.advance(240);
    expect(await keyIds()).toEqual(['first']);
    await settled();
    expect(await keyIds()).toEqual(['second']);
    load = async () => [{ kid: 'third' }];
    clock.advance(300);
    expect(await keyIds()).toEqual(['third']);
  });

  describe('of an issuer whose keys are good for ten seconds', () => {
    beforeEach(async () => {
      rhythm = {
        refreshAfterSeconds: 8,
        freshForSeconds: 10,
        retryAfterSeconds: 10,
        usableForSeconds: 3600,
      };
      await keyIds();
    });

    it('is renewed in the background too, and the caller is not made to wait', async () => {
      let loaded: (keys: readonly PublishedJwk[]) => void = () => undefined;
      load = () => new Promise((resolve) => (loaded = resolve));
      clock.advance(8.5);
      expect(await keyIds()).toEqual(['first']);
      expect(loads).toBe(2);
      loaded([{ kid: 'second' }]);
      await settled();
      clock.advance(5);
      expect(await keyIds()).toEqual(['second']);
      expect(loads).toBe(2);
    });

    it('is asked for again no sooner than ten seconds after that failed', async () => {
      load = fail;
      clock.advance(8.5);
      await keyIds();
      await settled();
      clock.advance(9.5);
      expect(await keyIds()).toEqual(['first']);
      expect(loads).toBe(2);
      clock.advance(0.5);
      await keyIds();
      expect(loads).toBe(3);
    });
  });

  it('is asked for at most every 30 seconds while that fails', async () => {
    await keyIds();
    load = fail;
    clock.advance(240);
    for (let second = 0; second < 300; second += 1) {
      await keyIds();
      await settled();
      clock.advance(1);
    }
    expect(loads).toBe(11);
  });

  it('is not waited for while its issuer is known to be down', async () => {
    await keyIds();
    load = fail;
    clock.advance(301);
    await keyIds();
    load = () => new Promise(() => undefined);
    clock.advance(31);
    expect(await keyIds()).toEqual(['first']);
    expect(loads).toBe(3);
  });

  it('reports a problem that stays once a minute, and a new one at once', async () => {
    await keyIds();
    load = fail;
    clock.advance(240);
    for (let second = 0; second < 119; second += 1) {
      await keyIds();
      await settled();
      clock.advance(1);
    }
    expect(problems).toHaveLength(2);
    load = () => Promise.reject(new Error('the server is gone'));
    clock.advance(31);
    await keyIds();
    await settled();
    expect(problems.at(-1)).toContain('the server is gone');
  });

  it('P-05 is not made younger by a clock that is turned back', async () => {
    await keyIds();
    load = fail;
    clock.advance(-3600);
    await expect(set.current()).rejects.toThrow(DependencyUnavailable);
  });

  it('P-05 is refetched though the clock was turned back', async () => {
    await keyIds();
    await set.refetch();
    load = async () => [{ kid: 'second' }];
    clock.advance(-1800);
    await set.refetch();
    expect(await keyIds()).toEqual(['second']);
  });

  it('is one and the same for all who wait for it', async () => {
    const sets = await Promise.all([set.current(), set.refetch(), set.current(), set.refetch()]);
    expect(new Set(sets).size).toBe(1);
    expect(loads).toBe(1);
  });

  it('does not end the process when nobody waits for a renewal that fails', async () => {
    await keyIds();
    load = fail;
    clock.advance(250);
    await keyIds();
    await settled();
    expect(problems).toHaveLength(1);
  });

  it('tells a failure that is no Error without quoting it', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is what is tested.
    load = () => Promise.reject('text');
    await expect(set.current()).rejects.toThrow('idp cannot be had: for an unknown reason');
  });
});
