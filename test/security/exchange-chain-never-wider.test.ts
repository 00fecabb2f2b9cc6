import fc from 'fast-check';
import { type Handle } from '#handles';
import { ExchangeUnderTest } from '#testing';
import { CHAIN_GRANTS, details, narrowed, POST, READ } from './chain-of-handles.js';
import { PROPERTY_TIMEOUT_MS, runs } from './refused-exchange.js';

/** Keycloak by default: an exchanged token has what its client may have, and not what the token before it had. */
it(
  'A-08: no handle of a chain is wider than its parent, and all together make no more calls than the first may',
  async () => {
    const step = fc.record({
      scope: fc.subarray([READ, POST], { minLength: 1 }),
      maxCalls: fc.option(fc.integer({ min: 1, max: 1_200 }), { nil: undefined }),
      expires_in: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
      waited: fc.integer({ min: 0, max: 200 }),
      from: fc.nat(5),
    });
    const sts = await ExchangeUnderTest.create({ grants: CHAIN_GRANTS });
    const start = sts.clock.now();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        sts.clock.set(start);
        sts.records.handles.clear();
        const handles = [await sts.exchange({ scope: `${READ} ${POST}` })];
        for (const { scope, waited, from, ...asked } of steps) {
          sts.clock.advance(waited);
          const parent = handles[from % handles.length]!;
          const issued = await sts
            .exchange(
              narrowed(parent.handle, {
                scope: scope.join(' '),
                authorization_details: details({ task: 'settlement', ...asked }),
              }),
            )
            .catch(() => undefined);
          if (issued !== undefined) handles.push(issued);
        }
        const records = await Promise.all(
          handles.map(async ({ handleId }) => (await sts.handles.findById(handleId))!),
        );
        for (const one of records) expectNotWider(one, records);
        for (const { id, maxCalls, callsUsed } of records) {
          const children = records.filter(({ parentId }) => parentId === id);
          const given = children.reduce((sum, child) => sum + child.maxCalls, 0);
          expect(given).toBe(callsUsed);
          expect(given).toBeLessThanOrEqual(maxCalls);
        }
      }),
      { numRuns: runs(100) },
    );
  },
  PROPERTY_TIMEOUT_MS,
);

function expectNotWider(one: Handle, records: readonly Handle[]): void {
  const parent = records.find(({ id }) => id === one.parentId);
  if (parent === undefined) return;
  expect(parent.scopes).toEqual(expect.arrayContaining([...one.scopes]));
  expect(one.expiresAt.getTime()).toBeLessThanOrEqual(parent.expiresAt.getTime());
  expect(one.maxCalls).toBeLessThanOrEqual(parent.maxCalls);
  expect(one.chainDepth).toBe(parent.chainDepth + 1);
  const { resource, environment, familyId, subject } = parent;
  expect(one).toMatchObject({ resource, environment, familyId, subject });
}
