import fc from 'fast-check';
import {
  type AccessDecision,
  type AccessRequest,
  compileGrantSet,
  decide,
  type GrantFileText,
} from '#policy';
import { aGrantContext, aGrantSet, grantAndRequest, grantFields, ownTests } from '#testing';

const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;
/** Of those that compile files: each run compiles two sets. */
const compilingRuns = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 100;
const TIMEOUT_MS = 300_000;

/** A decision as a value: a compiled condition has no equal but itself. */
function told(decision: AccessDecision): unknown {
  const { grant, ...rest } = decision;
  return { ...rest, grant: grant?.digest };
}

/** Equal in every value, and not one object in common. */
const copyOf = (request: AccessRequest): AccessRequest => structuredClone(request);

const subject = { issuer: 'example', id: 'ns/settler' };
const actor = { issuer: 'example', id: 'agent' };

type Fields = Record<string, unknown>;

/** A file of each pattern, all for one subject and resource: a request fits one of them at most. */
const fieldsOfFiles: fc.Arbitrary<Fields[]> = fc
  .record({
    maxTtl: fc.constantFrom('30s', '5m', '15m'),
    maxCalls: fc.integer({ min: 1, max: 1000 }),
    version: fc.integer({ min: 1, max: 9 }),
    clientAuth: fc.constantFrom('self', 'required'),
    when: fc.constantFrom('true', 'request.scopes.size() == 1', 'subject.kind == "workload"'),
  })
  .map((fields) => {
    const made = (more: Fields, asked: Fields): Fields => ({
      ...{ ...grantFields(), subject, ...fields, ...more },
      tests: ownTests(subject.id, asked),
    });
    const handle = { scopes: ['ledger.read', 'ledger.post'] };
    const ofAgents = { id: 'of-agents', pattern: 'delegation', actor };
    const ofHandles = { id: 'of-handles', pattern: 'downscoping', maxChainDepth: 3 };
    return [
      made({ id: 'of-tokens' }, {}),
      made(ofAgents, { actor: { subject: 'agent' } }),
      made(ofHandles, { handle }),
    ];
  });

/** As JSON, which is YAML too: members in the order given. */
const written = (fields: Fields, order: 'as is' | 'reversed'): GrantFileText => {
  const members = Object.entries(fields);
  if (order === 'reversed') members.reverse();
  return { file: `grants/${order}.yaml`, text: JSON.stringify(Object.fromEntries(members)) };
};

describe('a decision, for all grants and requests,', () => {
  it(
    'is the same by two sets that were compiled apart and have one digest',
    () => {
      let permitted = 0;
      fc.assert(
        fc.property(fieldsOfFiles, fc.array(grantAndRequest, { minLength: 5 }), (files, asked) => {
          const one = compileGrantSet(
            files.map((file) => written(file, 'as is')),
            aGrantContext(),
          );
          const other = compileGrantSet(
            files.toReversed().map((file) => written(file, 'reversed')),
            aGrantContext(),
          );
          expect(other.digest).toBe(one.digest);
          for (const { request } of asked) {
            const decision = decide(one, request);
            expect(told(decide(other, copyOf(request)))).toEqual(told(decision));
            if (decision.effect === 'permit') permitted += 1;
          }
        }),
        { numRuns: compilingRuns },
      );
      expect(permitted).toBeGreaterThan(compilingRuns / 10);
    },
    TIMEOUT_MS,
  );

  it(
    'does not depend on the order of the grants, nor on which objects ask',
    () => {
      const several = fc.array(grantAndRequest, { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(several, fc.nat(5), (pairs, first) => {
          const grants = pairs.map(({ grant }, n) => ({ ...grant, id: `grant-${n}` }));
          const set = aGrantSet(grants);
          const turned = grants.toReversed();
          const rotated = [...turned.slice(first), ...turned.slice(0, first)];
          for (const { request } of pairs) {
            const decision = told(decide(set, request));
            expect(told(decide(aGrantSet(rotated), copyOf(request)))).toEqual(decision);
            expect(told(decide(set, request))).toEqual(decision);
          }
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'leaves what it was asked as it was',
    () => {
      fc.assert(
        fc.property(grantAndRequest, ({ grant, request }) => {
          const before = copyOf(request);
          decide(aGrantSet([grant]), request);
          expect(request).toEqual(before);
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'knows of time by the request alone: all instants moved by as much give the same',
    () => {
      const days = fc.integer({ min: -20_000, max: 20_000 });
      fc.assert(
        fc.property(grantAndRequest, days, ({ grant, request }, shift) => {
          const moved = (instant: Date): Date => new Date(instant.getTime() + shift * 86_400_000);
          const { now, expiresAt } = request;
          const later = { ...request, now: moved(now), expiresAt: moved(expiresAt) };
          const due = { ...grant, reviewBy: moved(grant.reviewBy) };
          expect(told(decide(aGrantSet([due]), later))).toEqual({
            ...(told(decide(aGrantSet([grant]), request)) as object),
            grantSetDigest: aGrantSet([due]).digest,
          });
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'never turns to permit as time goes on',
    () => {
      const seconds = fc.integer({ min: 0, max: 10_000_000 });
      fc.assert(
        fc.property(grantAndRequest, seconds, ({ grant, request }, after) => {
          fc.pre(grant.when === undefined);
          const set = aGrantSet([grant]);
          const now = new Date(request.now.getTime() + after * 1000);
          const [before, then] = [decide(set, request), decide(set, { ...request, now })];
          if (then.effect === 'deny') return;
          expect(before.effect).toBe('permit');
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );
});
