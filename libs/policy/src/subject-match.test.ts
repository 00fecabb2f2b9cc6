import { type ClaimValue } from '#identity';
import { decide, type SubjectMatch } from '#policy';
import { aGrant, aGrantSet, anAccessRequest, aWorkloadIdentity } from '#testing';

const subject = (overrides: Partial<SubjectMatch>): SubjectMatch => ({
  ...aGrant().subject,
  ...overrides,
});
const asking = (identity: Parameters<typeof aWorkloadIdentity>[0]) =>
  anAccessRequest({ identity: aWorkloadIdentity(identity) });

describe('a subject match', () => {
  const effect = (match: Partial<SubjectMatch>, identity: Parameters<typeof asking>[0]): string =>
    decide(aGrantSet([aGrant({ subject: subject(match) })]), asking(identity)).effect;

  const segments = (...list: string[]): Partial<SubjectMatch> => ({
    id: { kind: 'segments', segments: list },
  });

  it.each([
    [['ns', 'pay', '*'], 'ns/pay/settler'],
    [['ns', 'pay', '*'], 'ns/pay/*'],
    [['spiffe:', '', 'prod.example', '*'], 'spiffe://prod.example/settler'],
    [['ns', 'pay'], 'ns/pay'],
  ])('by segments %j fits %s', (list, id) => {
    expect(effect(segments(...list), { subject: id })).toBe('permit');
  });

  it.each([
    [['ns', 'pay', '*'], 'ns/payroll/settler'],
    [['ns', 'pay', '*'], 'ns/pay'],
    [['ns', 'pay', '*'], 'ns/pay/'],
    [['ns', 'pay', '*'], 'ns/pay/a/b'],
    [['ns', 'pay', '*'], '/ns/pay/a'],
    [['ns', 'pay', '*'], 'NS/pay/a'],
    [['ns', 'pay*'], 'ns/payroll'],
  ])('by segments %j does not fit %s', (list, id) => {
    expect(effect(segments(...list), { subject: id })).toBe('deny');
  });

  const claims = new Map<string, (string | number | boolean)[]>([
    ['ns', ['pay', 'ledger']],
    ['level', [1]],
  ]);
  const match: Partial<SubjectMatch> = { id: { kind: 'any' }, claims };

  it('by claims fits any subject that carries one of the values of each', () => {
    const carried = new Map<string, string | number>([
      ['ns', 'ledger'],
      ['level', 1],
      ['other', 'x'],
    ]);
    expect(effect(match, { subject: 'anyone', claims: carried })).toBe('permit');
  });

  it.each([
    ['one missing', { ns: 'pay' }],
    ['another value', { ns: 'payroll', level: 1 }],
    ['another type', { ns: 'pay', level: '1' }],
    ['a list', { ns: ['pay'], level: 1 }],
    ['null', { ns: null, level: 1 }],
    ['an object', { ns: { pay: true }, level: 1 }],
    ['true for 1', { ns: 'pay', level: true }],
  ])('by claims does not fit %s', (_what, carried) => {
    expect(effect(match, { claims: new Map(Object.entries(carried)) })).toBe('deny');
  });

  describe('by a claim whose name has a slash', () => {
    const nested: Partial<SubjectMatch> = {
      id: { kind: 'any' },
      claims: new Map([['kubernetes.io/namespace', ['pay']]]),
    };

    it.each([
      ['a claim of that very name', { 'kubernetes.io/namespace': 'pay' }],
      ['a member of an object claim', { 'kubernetes.io': { namespace: 'pay', pod: 'x' } }],
    ])('fits %s', (_what, carried) => {
      expect(effect(nested, { claims: new Map(Object.entries(carried)) })).toBe('permit');
    });

    it.each([
      ['another member', { 'kubernetes.io': { namespace: 'payroll' } }],
      ['no such member', { 'kubernetes.io': {} }],
      [
        'two meanings that differ',
        { 'kubernetes.io/namespace': 'pay', 'kubernetes.io': { namespace: 'payroll' } },
      ],
    ])('does not fit %s', (_what, carried) => {
      const claimMap = new Map<string, ClaimValue>(Object.entries(carried));
      expect(effect(nested, { claims: claimMap })).toBe('deny');
    });
  });
});
