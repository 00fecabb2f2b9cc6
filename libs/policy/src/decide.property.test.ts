import fc from 'fast-check';
import { decide, type SubjectMatch } from '#policy';
import { aGrant, aGrantSet, anAccessRequest, aWorkloadIdentity, TEST_ISSUER } from '#testing';

describe('for all grants and requests', () => {
  const name = fc.constantFrom('ledger.read', 'ledger.post', 'ledger.audit', 'x');
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });
  const word = fc.constantFrom('settler', 'settler2', 'Settler', 'ns/a', 'ns/b', 'ns');
  const id: fc.Arbitrary<SubjectMatch['id']> = fc.oneof(
    word.map((text) => ({ kind: 'exact' as const, subject: text })),
    fc
      .constantFrom(['ns', '*'], ['ns', 'a'])
      .map((segments) => ({ kind: 'segments' as const, segments })),
    fc.constant({ kind: 'any' as const }),
  );
  const issuer = fc.constantFrom(TEST_ISSUER, 'https://other.example');
  const claims = fc.constantFrom<[string, string][]>([], [['ns', 'a']], [['ns', 'b']]);
  const grant = fc
    .record({ issuer, id, claims, scopes: names, defaults: fc.option(names), at: fc.nat(2) })
    .map((made) =>
      aGrant({
        subject: {
          issuer: made.issuer,
          id: made.id,
          claims: new Map(made.claims.map(([claim, value]) => [claim, [value]])),
        },
        scopes: made.scopes,
        defaultScopes: made.defaults?.filter((scope) => made.scopes.includes(scope)),
        pattern: (['federation', 'downscoping', 'delegation'] as const)[made.at] ?? 'federation',
      }),
    );
  const request = fc
    .record({ issuer, word, claims, asked: fc.option(names), carried: fc.option(names) })
    .map((made) =>
      anAccessRequest({
        identity: aWorkloadIdentity({
          issuer: made.issuer,
          subject: made.word,
          claims: new Map(made.claims),
          scopes: made.carried ?? undefined,
        }),
        requestedScopes: made.asked ?? undefined,
      }),
    );
  const grants = fc
    .array(grant, { maxLength: 4 })
    .map((list) => list.map((one, index) => ({ ...one, id: `g${index}` })));

  it('what is permitted is within requested, ceiling and subject token, by the only grant that matches', () => {
    let permitted = 0;
    fc.assert(
      fc.property(grants, request, (list, asked) => {
        const decision = decide(aGrantSet(list), asked);
        if (decision.effect === 'deny') return;
        permitted += 1;
        const { scopes, grant: by } = decision;
        const wanted = asked.requestedScopes ?? by.defaultScopes;
        const carried = asked.identity.scopes;
        expect(scopes.length).toBeGreaterThan(0);
        expect([...scopes].sort()).toEqual([...(wanted ?? [])].sort());
        expect(scopes.filter((scope) => !by.scopes.includes(scope))).toEqual([]);
        expect(scopes.filter((scope) => carried?.includes(scope) === false)).toEqual([]);
        expect(by.subject.issuer).toBe(asked.identity.issuer);
        expect(by.pattern === 'downscoping' && carried === undefined).toBe(false);
        const others = list.filter((one) => one.id !== by.id);
        expect(decide(aGrantSet(others), asked).effect).toBe('deny');
      }),
      { numRuns: 3000 },
    );
    expect(permitted).toBeGreaterThan(10);
  });

  it('asking for one scope more never permits what asking for less denied', () => {
    fc.assert(
      fc.property(grant, request, name, (one, asked, more) => {
        const wanted = asked.requestedScopes ?? ['ledger.read'];
        const set = aGrantSet([{ ...one, pattern: 'federation' }]);
        const less = decide(set, { ...asked, requestedScopes: wanted });
        const greater = decide(set, { ...asked, requestedScopes: [...wanted, more] });
        expect(less.effect === 'deny' && greater.effect === 'permit').toBe(false);
      }),
    );
  });
});
