import { decide, type Grant, type Intent, NO_INTENT } from '#policy';
import { aGrant, aGrantSet, anAccessRequest, TEST_NOW } from '#testing';

describe("a handle's limits", () => {
  const limits = (grant: Partial<Grant>, leftSeconds = 3600, intent: Partial<Intent> = {}) =>
    decide(
      aGrantSet([aGrant(grant)]),
      anAccessRequest({
        expiresAt: new Date(TEST_NOW.getTime() + leftSeconds * 1000),
        intent: { ...NO_INTENT, ...intent },
      }),
    );

  it.each([
    ["the resource's ttl", { maxTtlSeconds: 800 }, 3600, 300],
    ["the grant's maxTtl", { maxTtlSeconds: 60 }, 3600, 60],
    ['X-26: what is left of the subject token', {}, 20, 20],
    ['whole seconds of that', {}, 20.9, 20],
  ])('live no longer than %s', (_what, grant, left, lifeSeconds) => {
    expect(limits(grant, left)).toMatchObject({ effect: 'permit', lifeSeconds });
  });

  it.each([0, 0.5, -1])('X-26: are none with %s seconds left of the token', (left) => {
    expect(limits({}, left)).toMatchObject({ effect: 'deny', reason: 'no_lifetime_left' });
  });

  it.each([
    [undefined, 1000],
    [5, 5],
    [5000, 1000],
  ])('with maxCalls %j of the grant are %j calls', (maxCalls, expected) => {
    expect(limits({ maxCalls })).toMatchObject({ effect: 'permit', maxCalls: expected });
  });

  it('are what is asked for when that is less', () => {
    const asked = { ttlSeconds: 30, maxCalls: 1 };
    expect(limits({}, 3600, asked)).toMatchObject({ lifeSeconds: 30, maxCalls: 1 });
  });

  it('may be asked for beyond the default, and not beyond the ceiling', () => {
    expect(limits({ maxTtlSeconds: 800 }, 3600, { ttlSeconds: 800 })).toMatchObject({
      lifeSeconds: 800,
    });
    for (const asked of [{ ttlSeconds: 801 }, { maxCalls: 1001 }]) {
      const denied = limits({ maxTtlSeconds: 800 }, 3600, asked);
      expect(denied).toMatchObject({ effect: 'deny', reason: 'call_not_allowed' });
    }
  });
});
