import fc from 'fast-check';
import {
  compileGrantSet,
  type GrantContext,
  type GrantFileText,
  GrantSetInvalid,
  posternResource,
} from '#policy';
import {
  aGrantContext,
  aGrantFile,
  aResource,
  aResourceSet,
  codePoint,
  ownTests,
  TEST_ISSUER,
  TEST_ORIGIN,
} from '#testing';

const compile =
  (files: readonly GrantFileText[], context: Partial<GrantContext> = {}) =>
  () =>
    compileGrantSet(files, aGrantContext(context));
const one = (overrides: Record<string, unknown>, context: Partial<GrantContext> = {}) =>
  compile([aGrantFile(overrides, 'g.yaml')], context);
const production = (overrides: Record<string, unknown> = {}) => {
  const resources = aResourceSet([aResource({ environment: 'prod' })]);
  return one(overrides, { environment: 'prod', resources });
};

describe('a set of grant files', () => {
  it('compiles to grants with the issuer resolved to its iss', () => {
    const set = one({ maxCalls: 7 })();
    expect(set.grants).toHaveLength(1);
    expect(set.grants[0]).toMatchObject({
      id: 'settlement-reads-ledger',
      subject: { issuer: TEST_ISSUER, id: { kind: 'exact', subject: 'settler' } },
      reviewBy: new Date('2027-01-31T00:00:00Z'),
      maxTtlSeconds: 300,
      maxCalls: 7,
      file: 'g.yaml',
    });
  });

  it('may be empty: then nothing is permitted', () => {
    expect(compile([])().grants).toEqual([]);
  });

  it('takes grants for the reserved resource', () => {
    const resources = aResourceSet([posternResource('dev', TEST_ORIGIN)]);
    const scope = 'introspect';
    const tests = [
      { permit: { subject: 'settler', scope } },
      { deny: { subject: 'settler', scope: 'admin.read' } },
      { deny: { subject: 'settler2', scope } },
      { deny: { subject: 'settler', scope, issuer: 'other' } },
    ];
    const fields = { resource: 'postern', scopes: [scope], defaultScopes: undefined, tests };
    expect(one(fields, { resources })().grants).toHaveLength(1);
  });

  it('takes an overdue grant, whose own tests are run as of its last day', () => {
    expect(one({ created: '2020-01-01', reviewBy: '2020-02-01' })().grants).toHaveLength(1);
  });

  it.each([
    [
      'an unknown issuer',
      { subject: { issuer: 'nobody', id: 'a' } },
      'subject.issuer: no issuer is registered as "nobody"',
    ],
    [
      'an unknown resource',
      { resource: 'nowhere' },
      'resource: no resource is registered as "nowhere"',
    ],
    [
      'an unknown scope',
      { scopes: ['ledger.read', 'ledger.rea'] },
      'scopes[1]: resource ledger has no scope "ledger.rea"',
    ],
    [
      'default scopes above the ceiling',
      { defaultScopes: ['ledger.post'] },
      'defaultScopes: "ledger.post" is not one of',
    ],
    [
      'the owner as approver',
      { approvedBy: ['a@example', 'Payments@Example'] },
      'approvedBy: the owner, payments@example',
    ],
    ['a review before its creation', { reviewBy: '2026-10-31' }, 'reviewBy: lies before created'],
    [
      'a longer life than the resource gives',
      { maxTtl: '16m' },
      "maxTtl: 960s is longer than the resource's maxTtl, 900s",
    ],
    [
      'more calls than the resource gives',
      { maxCalls: 1001 },
      "maxCalls: 1001 is more than the resource's",
    ],
    [
      'no justification for no binding',
      { bindingJustification: undefined },
      'bindingJustification: binding none needs',
    ],
    [
      'id and segments',
      { subject: { issuer: 'example', id: 'a', segments: ['a'] } },
      'subject: has both id and segments',
    ],
    [
      'a subject that fits all',
      { subject: { issuer: 'example' } },
      'subject: fits every subject of its issuer',
    ],
    [
      'segments that fit all',
      { subject: { issuer: 'example', segments: ['*', '*'] } },
      'subject: fits every subject',
    ],
    ['empty claims', { subject: { issuer: 'example', claims: {} } }, 'subject: fits every subject'],
    [
      'a glob as id',
      { subject: { issuer: 'example', id: 'settle*' } },
      'subject.id: is compared byte for byte',
    ],
    [
      'any as id',
      { subject: { issuer: 'example', id: 'any' } },
      'subject.id: is compared byte for byte',
    ],
    [
      'a glob in a segment',
      { subject: { issuer: 'example', segments: ['a', 'b*'] } },
      'subject.segments[1]: "*" stands for one whole',
    ],
    [
      'a slash in a segment',
      { subject: { issuer: 'example', segments: ['a/b'] } },
      'subject.segments[0]: holds a "/"',
    ],
    [
      'the subject among the claims',
      { subject: { issuer: 'example', claims: { sub: 'a' } } },
      'subject.claims.sub: use subject.id',
    ],
    [
      'no own permit',
      { tests: [1, 2, 3].map((n) => ({ deny: { subject: `x${n}` } })) },
      'tests: expected at least one permit',
    ],
    [
      'two own denies',
      { tests: ownTests('settler').slice(0, 3) },
      'tests: expected at least 3 denies, found 2',
    ],
    [
      'an own test of an unknown issuer',
      { tests: ownTests('settler', { issuer: 'nobody' }) },
      'tests[1].deny.issuer: no issuer',
    ],
    [
      'an own test of an unknown resource',
      { tests: ownTests('settler', { resource: 'nowhere' }) },
      'tests[1].deny.resource: no resource',
    ],
    [
      'an own permit that is denied',
      { tests: [...ownTests('settler'), { permit: { subject: 'settler', scope: 'ledger.post' } }] },
      'tests[4].permit: is denied: "ledger.post" is not within',
    ],
    [
      'an own deny that is permitted',
      { tests: [...ownTests('settler'), { deny: { subject: 'settler' } }] },
      'tests[4].deny: is permitted by grant settlement-reads-ledger',
    ],
    [
      'A-01: a claim of an earlier actor',
      { subject: { issuer: 'example', id: 'settler', claims: { 'act/act/sub': 'admin' } } },
      'subject.claims.act/act/sub: speaks of delegation',
    ],
    ['a condition that cannot be', { when: 'request.tsak == "x"' }, 'when: '],
    [
      'an actor without delegation',
      { actor: { issuer: 'example', id: 'a' } },
      'actor: pattern federation has no actor',
    ],
    [
      'an actor of an unknown issuer',
      { pattern: 'delegation', actor: { issuer: 'nobody', id: 'a' } },
      'actor.issuer: no issuer is registered as "nobody"',
    ],
    [
      'an actor that is everybody',
      { pattern: 'delegation', actor: { issuer: 'example' } },
      'actor: fits every subject of its issuer',
    ],
    [
      'a chain without a number of calls',
      { pattern: 'downscoping', maxChainDepth: 1 },
      'maxCalls: is needed',
    ],
    [
      'a chain for claims that a handle does not keep',
      {
        pattern: 'downscoping',
        maxChainDepth: 1,
        maxCalls: 1,
        subject: { issuer: 'example', claims: { a: 1 } },
      },
      'subject.claims: cannot be told of a handle',
    ],
  ])('is refused with %s', (_what, overrides, line) => {
    expect(one(overrides)).toThrow(GrantSetInvalid);
    expect(one(overrides)).toThrow(`g.yaml: ${line}`);
  });

  it('is refused with every problem of every file at once', () => {
    const files = [
      aGrantFile({ when: 'x', resource: 'nowhere' }, 'a.yaml'),
      { file: 'b.yaml', text: '{' },
      aGrantFile({ version: 0 }, 'c.yaml'),
      aGrantFile({ defaultScopes: ['ledger.post'] }, 'd.yaml'),
    ];
    const refused = compile(files);
    expect(refused).toThrow(GrantSetInvalid);
    for (const line of [
      'a.yaml: when: ',
      'a.yaml: resource: ',
      'b.yaml: ',
      'c.yaml: version: ',
      'd.yaml: defaultScopes: ',
      'd.yaml: id: "settlement-reads-ledger" is the id of a.yaml already',
    ]) {
      expect(refused).toThrow(line);
    }
  });

  it('tells that an own permit comes from another grant', () => {
    const tests = [...ownTests('settler'), { permit: { subject: 'clerk' } }];
    const clerk = {
      id: 'clerk',
      subject: { issuer: 'example', id: 'clerk' },
      tests: ownTests('clerk'),
    };
    const files = [aGrantFile({ tests }, 'a.yaml'), aGrantFile(clerk, 'b.yaml')];
    expect(compile(files)).toThrow('a.yaml: tests[4].permit: is permitted by grant clerk');
  });

  it('takes own tests with claims, for a grant by claims', () => {
    const tests = [
      { permit: { subject: 'a', claims: { ns: 'pay' }, scope: 'ledger.read' } },
      { deny: { subject: 'a', scope: 'ledger.read' } },
      { deny: { subject: 'a', claims: { ns: 'payroll' }, scope: 'ledger.read' } },
      { deny: { subject: 'a', claims: { ns: 'pay' }, scope: 'ledger.post' } },
    ];
    const subject = { issuer: 'example', claims: { ns: ['pay', 'ledger'] } };
    expect(one({ subject, tests })().grants[0]?.subject.claims).toEqual(
      new Map([['ns', ['pay', 'ledger']]]),
    );
  });

  it("takes own tests with the subject token's scopes, for downscoping", () => {
    const tokenScopes = ['ledger.read', 'ledger.post'];
    const tests = [...ownTests('settler', { tokenScopes }), { deny: { subject: 'settler' } }];
    expect(one({ pattern: 'downscoping', tests })().grants).toHaveLength(1);
  });
});

describe('in environment prod', () => {
  it('a grant with an approver and a review at most 90 days ahead is taken', () => {
    expect(production({ reviewBy: '2027-02-19' })().grants).toHaveLength(1);
  });

  it('a review 91 days ahead is refused', () => {
    expect(production({ reviewBy: '2027-02-20' })).toThrow(
      'g.yaml: reviewBy: lies 91 days ahead, in environment prod at most 90',
    );
  });

  it('a grant without an approver is refused, elsewhere it is not', () => {
    expect(production({ approvedBy: [] })).toThrow('approvedBy: environment prod needs');
    expect(one({ approvedBy: [] })().grants).toHaveLength(1);
  });
});

it('arbitrary text is refused with problems, never with another error', () => {
  const text = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.string({ unit: fc.constantFrom(...'{}[]:,-&*!|>%@`"\'#\n\t ?a1'.split('')), maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, (written) => {
      expect(compile([{ file: 'x.yaml', text: written }])).toThrow(GrantSetInvalid);
    }),
    { numRuns: 500 },
  );
});
