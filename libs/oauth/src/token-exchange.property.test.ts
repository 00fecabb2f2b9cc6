import fc from 'fast-check';
import { type Pattern } from '#policy';
import { ExchangeUnderTest, grantUnderTest, resourceUnderTest } from '#testing';

const SCOPES = ['ledger.read', 'ledger.post'];
const some = fc.subarray(SCOPES, { minLength: 1 });
const asked = fc.oneof(
  { weight: 3, arbitrary: some },
  {
    weight: 1,
    arbitrary: fc.constantFrom(undefined, ['ledger.close'], [...SCOPES, 'ledger.close']),
  },
);

/** A deployment, a token and a request, each chosen without regard to the others. */
const situation = fc.record({
  pattern: fc.constantFrom<Pattern>('federation', 'downscoping'),
  granted: some,
  defaults: fc.option(some, { nil: undefined }),
  carried: fc.option(fc.subarray([...SCOPES, 'other']), { nil: undefined, freq: 1 }),
  asked,
  audiences: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['ledger']) },
    { weight: 1, arbitrary: fc.subarray(['ledger', 'archive', 'ledger', 'unknown']) },
  ),
  grantLife: fc.integer({ min: 1, max: 2_000 }),
  resourceLife: fc.integer({ min: 1, max: 2_000 }),
  tokenLife: fc.integer({ min: -60, max: 2_000 }),
  grantCalls: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
});

it('invariant 4: whatever is granted, asked and carried, a handle is the narrowest of all', async () => {
  const sts = await ExchangeUnderTest.create();
  let permitted = 0;
  await fc.assert(
    fc.asyncProperty(situation, async (given) => {
      const deployment = sts.twin({
        grants: [
          grantUnderTest({
            pattern: given.pattern,
            scopes: given.granted,
            defaultScopes: given.defaults?.filter((scope) => given.granted.includes(scope)),
            maxTtlSeconds: given.grantLife,
            maxCalls: given.grantCalls,
          }),
        ],
        resources: [
          resourceUnderTest('ledger', {
            ttlSeconds: given.resourceLife,
            maxTtlSeconds: given.resourceLife,
          }),
          resourceUnderTest('archive'),
        ],
      });
      const now = Math.floor(sts.clock.now().getTime() / 1000);
      const exp = now + given.tokenLife;
      const subjectToken = await sts.mint({
        iat: now - 100,
        exp,
        ...(given.carried === undefined ? {} : { scope: given.carried.join(' ') }),
      });
      const [outcome] = await Promise.allSettled([
        deployment.exchange({
          subject_token: subjectToken,
          audience: given.audiences,
          scope: given.asked?.join(' '),
        }),
      ]);
      const handles = [...deployment.records.handles.values()];
      expect(deployment.permits.length + deployment.denials.length).toBe(1);
      expect(handles).toHaveLength(outcome.status === 'fulfilled' ? 1 : 0);
      for (const handle of handles) {
        permitted += 1;
        expect([given.audiences, handle.resource]).toEqual([['ledger'], 'ledger']);
        expect(handle.environment).toBe('test');
        expect(handle.binding).toEqual({ kind: 'none' });
        const ceilings = [given.granted, given.asked ?? given.defaults, given.carried];
        for (const ceiling of ceilings.filter((one) => one !== undefined)) {
          expect(ceiling).toEqual(expect.arrayContaining([...handle.scopes]));
        }
        if (given.pattern === 'downscoping') {
          expect(given.carried!.length).toBeGreaterThan(handle.scopes.length);
        }
        const life = (handle.expiresAt.getTime() - handle.issuedAt.getTime()) / 1000;
        const longest = Math.min(given.grantLife, given.resourceLife, given.tokenLife);
        expect(life).toBe(longest);
        expect(life).toBeGreaterThan(0);
        expect(handle.maxCalls).toBe(Math.min(given.grantCalls ?? 1000, 1000));
      }
    }),
    { numRuns: 300 },
  );
  expect(permitted).toBeGreaterThan(10); // It would also hold if nothing were ever permitted.
});
