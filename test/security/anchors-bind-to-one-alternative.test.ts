import fc from 'fast-check';
import {
  compileGrantSet,
  compileOperation,
  decide,
  type Grant,
  grantSetOf,
  matchOperation,
  type SubjectMatch,
} from '#policy';
import { type WorkloadIdentity } from '#identity';
import {
  aGrant,
  aGrantContext,
  aGrantFile,
  aGrantSet,
  anAccessRequest,
  aWorkloadIdentity,
  codePoint,
  ExchangeUnderTest,
  grantUnderTest,
} from '#testing';
import { PROPERTY_TIMEOUT_MS, runs } from './refused-exchange.js';

const ISSUER = aGrant().subject.issuer;

/** What would match `settler` or more, if any of it were a pattern. */
const PATTERNS = [
  'settler|admin',
  'admin|settler',
  '^settler$|admin',
  '^settler$',
  '^(?:settler)$',
  '(settler)',
  '.*',
  '.+',
  '.',
  'settle.',
  'settler?',
  'settler.*',
  '[a-z]+',
  'set{1}ler',
  'settle\\w',
  '\\bsettler\\b',
  'settler\\',
  '(?i)SETTLER',
  '/settler/',
  '**',
  '*',
  'settle?',
  '{settler,admin}',
  '${settler}',
  '%',
  'settle_',
  '',
];
/** Who comes: those that a pattern would let in. */
const COMERS = [
  'settler',
  'admin',
  'settler|',
  '|admin',
  'settler2',
  'xadmin',
  'SETTLER',
  'a',
  '*',
];

const exactly = (subject: string): SubjectMatch => ({
  issuer: ISSUER,
  id: { kind: 'exact', subject },
  claims: new Map(),
});

const permits = (grant: Partial<Grant>, identity: Partial<WorkloadIdentity>): boolean =>
  decide(aGrantSet([aGrant(grant)]), anAccessRequest({ identity: aWorkloadIdentity(identity) }))
    .effect === 'permit';

/** Texts that are alike, that hold the characters of patterns, or both. */
const text = fc.oneof(
  fc.constantFrom(...PATTERNS, ...COMERS),
  fc
    .array(fc.constantFrom('a', 'b', '|', '.', '*', '^', '$', '(', ')', '\\', '?', '+'), {
      maxLength: 6,
    })
    .map((characters) => characters.join('')),
  fc.string({ unit: codePoint, maxLength: 20 }),
);

const forAnyTwo = (
  sentence: string,
  holds: (wanted: string, found: string) => boolean | undefined,
): void =>
  it(
    sentence,
    () => {
      fc.assert(
        fc.property(text, fc.oneof(text, fc.constant(undefined)), (wanted, other) => {
          const found = other ?? wanted;
          const matches = holds(wanted, found);
          fc.pre(matches !== undefined);
          expect(matches).toBe(wanted === found);
        }),
        { numRuns: runs(500) },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

/**
 * octo-sts: `^a|b$` is "begins with a, or ends with b", so that a policy for two names let in every name that ends with
 * the second. A grant holds no pattern at all: what is written is compared, character by character.
 */
describe('a grant', () => {
  it.each(PATTERNS)('J-35: for the subject %j is for nobody who is not called that', (wanted) => {
    for (const comer of COMERS.filter((one) => one !== wanted)) {
      expect(permits({ subject: exactly(wanted) }, { subject: comer })).toBe(false);
    }
    expect(permits({ subject: exactly(wanted) }, { subject: wanted })).toBe(true);
  });

  forAnyTwo('J-35: matches a subject if and only if the two are equal', (wanted, subject) =>
    permits({ subject: exactly(wanted) }, { subject }),
  );

  forAnyTwo('A-09: matches an issuer if and only if the two are equal', (wanted, issuer) =>
    permits({ subject: { ...exactly('settler'), issuer: wanted } }, { issuer }),
  );

  forAnyTwo('J-35: matches a claim if and only if the two are equal', (wanted, value) =>
    permits(
      { subject: { ...exactly('settler'), claims: new Map([['team', [wanted]]]) } },
      { claims: new Map([['team', value]]) },
    ),
  );

  forAnyTwo(
    'J-35: matches the name of a claim if and only if the two are equal',
    (wanted, name) => {
      if (wanted.includes('/')) return undefined; // Such a name leads into an object, see claimsNamed.
      return permits(
        { subject: { ...exactly('settler'), claims: new Map([[wanted, ['x']]]) } },
        { claims: new Map([[name, 'x']]) },
      );
    },
  );

  forAnyTwo('S-14: matches a segment if and only if the two are equal', (wanted, found) => {
    if (wanted === '*' || (wanted + found).includes('/')) return undefined;
    const segments = ['ns', wanted, 'app'];
    return permits(
      { subject: { ...exactly(''), id: { kind: 'segments', segments } } },
      { subject: `ns/${found}/app` },
    );
  });

  forAnyTwo('X-16: gives a scope if and only if the two are equal', (wanted, asked) => {
    const set = aGrantSet([aGrant({ scopes: [wanted], defaultScopes: undefined })]);
    return decide(set, anAccessRequest({ requestedScopes: [asked] })).effect === 'permit';
  });

  it('S-14: matches segments whole: "*" is one that is not empty, and nothing else is a wildcard', () => {
    const of = (...segments: string[]): Partial<Grant> => ({
      subject: { ...exactly(''), id: { kind: 'segments', segments } },
    });
    expect(permits(of('ns', '*'), { subject: 'ns/pay' })).toBe(true);
    for (const subject of ['ns', 'ns/', 'ns/pay/x', 'nsx/pay', 'xns/pay', 'ns/pay/', '/ns/pay']) {
      expect(permits(of('ns', '*'), { subject })).toBe(false);
    }
    for (const segment of ['**', 'pa*', 'pay|x', '.*', '[a-z]+', '?']) {
      expect(permits(of('ns', segment), { subject: 'ns/pay' })).toBe(false);
      expect(permits(of('ns', segment), { subject: 'ns/pay/x' })).toBe(false);
    }
  });
});

describe('a grant file', () => {
  const compiled = (subject: Record<string, unknown>, own: string) =>
    compileGrantSet(
      [
        aGrantFile({
          subject: { issuer: 'example', ...subject },
          tests: [
            { permit: { subject: own, scope: 'ledger.read' } },
            { deny: { subject: 'settler', scope: 'ledger.read' } },
            { deny: { subject: 'admin', scope: 'ledger.read' } },
            { deny: { subject: own, scope: 'ledger.post' } },
          ],
        }),
      ],
      aGrantContext(),
    );

  it.each(['settler|admin', '^settler$|^admin$', '.+', 'settle.', '[a-z]+', '(?:settler|admin)'])(
    'J-35: with the id %j is for that subject alone, as its own tests say',
    (id) => {
      const set = compiled({ id }, id);
      const effect = (subject: string): string =>
        decide(set, anAccessRequest({ identity: aWorkloadIdentity({ subject }) })).effect;
      expect(effect(id)).toBe('permit');
      for (const subject of COMERS) expect(effect(subject)).toBe('deny');
    },
  );

  it.each([{ id: '*' }, { id: 'settler*' }, { id: '.*' }, { segments: ['ns', 'pay*'] }])(
    'J-35: is refused when it looks as if "*" meant something there: %j',
    (subject) => {
      expect(() => compiled(subject, 'x')).toThrow(/"\*"/);
    },
  );
});

describe('the path of an operation', () => {
  const covers = (operation: string, path: string): boolean =>
    matchOperation([compileOperation(operation)], 'GET', path.slice(1).split('/')) !== undefined;

  it.each([
    ['GET /a.c', '/abc'],
    ['GET /a+', '/aa'],
    ['GET /(a)', '/a'],
    ['GET /a$', '/a'],
    ['GET /accounts', '/accounts2'],
    ['GET /accounts', '/accounts/2'],
  ])('P-03: %s covers itself and not %s', (operation, other) => {
    expect(covers(operation, other)).toBe(false);
    expect(covers(operation, operation.slice('GET '.length))).toBe(true);
  });

  it.each(['GET /a|b', 'GET /^a', 'GET /[a]', 'GET /a*', 'GET /a\\b', 'GET /{a|b}', 'GET /a?'])(
    'P-03: %s is no operation',
    (operation) => {
      expect(() => compileOperation(operation)).toThrow();
    },
  );
});

it('J-35: an exchange gives nothing to the alternatives of a subject that is written as a pattern', async () => {
  const sts = await ExchangeUnderTest.create();
  const subject = { ...exactly('workload-1|admin'), issuer: 'https://idp.test' };
  sts.grants.replace(grantSetOf([grantUnderTest({ subject })], sts.clock.now()));
  for (const sub of ['workload-1', 'admin', '|admin', 'workload-1|', 'xadmin', 'workload-12']) {
    const token = await sts.mint({ sub });
    await expect(sts.exchange({ subject_token: token })).rejects.toMatchObject({
      code: 'invalid_target',
      reason: 'not_allowed',
    });
  }
  const literal = await sts.mint({ sub: 'workload-1|admin' });
  expect((await sts.exchange({ subject_token: literal })).scopes).toEqual(['ledger.read']);
});
