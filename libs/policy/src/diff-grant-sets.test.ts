import { diffGrantSets, type Grant } from '#policy';
import { aGrant, aGrantSet } from '#testing';

const diff = (before: readonly Grant[], after: readonly Grant[]) =>
  diffGrantSets(aGrantSet(before), aGrantSet(after));
const changed = (from: Partial<Grant>, to: Partial<Grant>) => diff([aGrant(from)], [aGrant(to)]);

describe('the difference of two sets of grants', () => {
  it('is none between equal sets, whatever the files are called', () => {
    expect(changed({}, { file: 'elsewhere.yaml' })).toEqual([]);
  });

  it('is more where a scope becomes permitted, and less where one no longer is', () => {
    const wide = { scopes: ['ledger.read', 'ledger.post'] };
    expect(changed({}, wide)).toEqual([
      {
        effect: 'more',
        grantId: 'settlement-reads-ledger',
        what: 'ledger.post of ledger for settler of https://issuer.example (federation)',
      },
    ]);
    expect(changed(wide, {})).toMatchObject([{ effect: 'less' }]);
  });

  it('is none when a scope moves from one grant to another', () => {
    const [read, post] = [{ scopes: ['ledger.read'] }, { scopes: ['ledger.post'] }];
    const before = [aGrant(read), aGrant({ ...post, id: 'b' })];
    const after = [aGrant(post), aGrant({ ...read, id: 'b' })].map((grant) => ({
      ...grant,
      defaultScopes: undefined,
    }));
    const plain = before.map((grant) => ({ ...grant, defaultScopes: undefined }));
    expect(diff(plain, after)).toEqual([]);
  });

  it('is more for a subject that is written wider, and less for the one before', () => {
    const subject = { ...aGrant().subject, id: { kind: 'any' } as const };
    expect(changed({}, { subject }).map(({ effect }) => effect)).toEqual(['more', 'less']);
  });

  it.each<[string, Partial<Grant>, Partial<Grant>, 'more' | 'less' | 'other']>([
    ['a longer life', { maxTtlSeconds: 60 }, { maxTtlSeconds: 61 }, 'more'],
    ['fewer calls', { maxCalls: undefined }, { maxCalls: 5 }, 'less'],
    ['a deeper chain', {}, { maxChainDepth: 1 }, 'more'],
    ['a later review', {}, { reviewBy: new Date('2027-02-01T00:00:00Z') }, 'more'],
    ['a weaker binding', { binding: 'dpop' }, { binding: 'none' }, 'more'],
    ['any binding for one', { binding: 'mtls' }, { binding: 'any' }, 'more'],
    ['another binding', { binding: 'mtls' }, { binding: 'dpop' }, 'other'],
    ['no proof of the caller', { clientAuth: 'required' }, { clientAuth: 'self' }, 'more'],
    ['no default', {}, { defaultScopes: undefined }, 'other'],
  ])('tells %s', (_, from, to, effect) => {
    expect(changed(from, to).map((one) => one.effect)).toEqual([effect]);
  });

  it('tells a condition that is taken away as more, one that is added as less, another as neither', () => {
    const when = (source: string) => ({
      when: { source, holds: () => 'true' as const },
    });
    expect(changed(when('a'), {})).toMatchObject([{ effect: 'more' }]);
    expect(changed({}, when('a'))).toMatchObject([{ effect: 'less' }]);
    expect(changed(when('a'), when('b'))).toMatchObject([{ effect: 'other' }]);
  });
});
