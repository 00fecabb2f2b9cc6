import { type Grant, handleCallsMax, handleLifeSeconds } from '#policy';
import { aGrant, aResource, TEST_NOW } from '#testing';

describe("a handle's limits", () => {
  const life = (grant: Partial<Grant>, leftSeconds: number): number =>
    handleLifeSeconds({
      grant: aGrant(grant),
      resource: aResource(),
      now: TEST_NOW,
      tokenExpiresAt: new Date(TEST_NOW.getTime() + leftSeconds * 1000),
    });

  it.each([
    ["the resource's ttl", { maxTtlSeconds: 800 }, 3600, 300],
    ["the grant's maxTtl", { maxTtlSeconds: 60 }, 3600, 60],
    ['what is left of the subject token (X-26)', {}, 20, 20],
    ['whole seconds of that', {}, 20.9, 20],
    ['nothing when it has expired', {}, -1, -1],
    ['nothing below a second', {}, 0.5, 0],
  ])('live no longer than %s', (_what, grant, left, expected) => {
    expect(life(grant, left)).toBe(expected);
  });

  it.each([
    [undefined, 1000],
    [5, 5],
    [5000, 1000],
  ])('with maxCalls %j of the grant are %j calls', (maxCalls, expected) => {
    expect(handleCallsMax({ grant: aGrant({ maxCalls }), resource: aResource() })).toBe(expected);
  });
});
