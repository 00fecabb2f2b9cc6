import fc from 'fast-check';
import { OAuthError } from '#oauth';
import { ExchangeUnderTest, grantUnderTest, resourceUnderTest } from '#testing';

const SCOPES: readonly string[] = ['ledger.read', 'ledger.post'];
const some = fc.subarray([...SCOPES], { minLength: 1 });
const seconds = fc.integer({ min: 1, max: 900 });

const attempts = fc.record({
  ceiling: some,
  requested: fc.option(
    fc.oneof({ weight: 6, arbitrary: some }, fc.constant<string[]>(['ledger.read', 'admin.all'])),
    { freq: 2 },
  ),
  carried: fc.option(some),
  audience: fc.oneof(
    { weight: 8, arbitrary: fc.constant('ledger') },
    fc.constantFrom('archive', 'nowhere'),
  ),
  grantTtl: seconds,
  resourceTtl: seconds,
  left: fc.oneof({ weight: 8, arbitrary: seconds }, fc.integer({ min: -60, max: 0 })),
  grantCalls: fc.option(fc.integer({ min: 1, max: 2000 })),
});

type Attempt = typeof attempts extends fc.Arbitrary<infer T> ? T : never;

const deployed = (attempt: Attempt) => ({
  grants: [
    grantUnderTest({
      scopes: attempt.ceiling,
      defaultScopes: attempt.ceiling.slice(0, 1),
      maxTtlSeconds: attempt.grantTtl,
      maxCalls: attempt.grantCalls ?? undefined,
    }),
  ],
  resources: [
    resourceUnderTest('ledger', { ttlSeconds: attempt.resourceTtl }),
    resourceUnderTest('archive'),
  ],
});

it('a handle is never wider than grant, resource, request or subject token, in any dimension', async () => {
  const first = await ExchangeUnderTest.create();
  const now = first.clock.now().getTime() / 1000;
  let issued = 0;
  const check = async (attempt: Attempt): Promise<void> => {
    const sts = first.twin(deployed(attempt));
    const expiresAt = now + attempt.left;
    const [outcome] = await Promise.allSettled([
      sts.exchange({
        subject_token: await sts.mint({
          iat: expiresAt - 1000,
          exp: expiresAt,
          scope: attempt.carried?.join(' '),
        }),
        audience: attempt.audience,
        scope: attempt.requested?.join(' '),
      }),
    ]);
    const handles = await sts.handles.list({ limit: 500 });
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toBeInstanceOf(OAuthError);
      expect([handles.length, sts.permits.length, sts.denials.length]).toEqual([0, 0, 1]);
      return;
    }
    issued += 1;
    expect([handles.length, sts.permits.length, sts.denials.length]).toEqual([1, 1, 0]);
    const [handle] = handles;
    const bounds = [attempt.ceiling, attempt.requested ?? SCOPES, attempt.carried ?? SCOPES];
    for (const scope of handle!.scopes) {
      expect(bounds.every((bound) => bound.includes(scope))).toBe(true);
    }
    const life = handle!.expiresAt.getTime() / 1000 - now;
    expect(life).toBe(Math.min(attempt.grantTtl, attempt.resourceTtl, attempt.left));
    expect(outcome.value.expiresInSeconds).toBe(life);
    expect(handle!.resource).toBe('ledger');
    expect(attempt.audience).toBe('ledger');
    expect(handle!.maxCalls).toBe(Math.min(attempt.grantCalls ?? 1000, 1000));
  };
  await fc.assert(fc.asyncProperty(attempts, check), { numRuns: 300 });
  expect(issued).toBeGreaterThan(15);
});
