import { FixedClock, InMemoryKeySource, keySourceContract, TestIssuer } from '#testing';

describe('an in-memory key source', () => {
  keySourceContract(async () => {
    const clock = new FixedClock();
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    const source = new InMemoryKeySource(clock);
    return {
      source,
      clock,
      registration: issuer.registration(),
      publish: async (keys) => source.publish(issuer.issuer, keys),
      setReachable: async (reachable) => source.setReachable(reachable),
      fetches: () => source.fetches,
      close: async () => undefined,
    };
  });
});
