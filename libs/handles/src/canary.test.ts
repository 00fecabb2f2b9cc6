import { canaryKinds, mintCanary } from './canary.js';
import { digestOfPresented, parseHandle } from './handle-format.js';
import { presentedTexts } from './presented-texts.js';

describe('a minted canary', () => {
  it('that looks like a handle has the form and the checksum of one of its environment', () => {
    const { plaintext, digest } = mintCanary('handle', 'staging');
    expect(parseHandle(plaintext)).toEqual({ kind: 'handle', environment: 'staging', digest });
  });

  it('that looks like a password tells nobody that it is ours', () => {
    const { plaintext } = mintCanary('credential', 'staging');
    expect(plaintext).toMatch(/^[0-9A-Za-z]{24}$/);
    expect(parseHandle(plaintext).kind).toBe('malformed');
  });

  it.each(canaryKinds)('is another each time, known by what is presented: %s', (kind) => {
    const [one, other] = [mintCanary(kind, 'dev'), mintCanary(kind, 'dev')];
    expect(one.plaintext).not.toBe(other.plaintext);
    expect(one.digest).toBe(digestOfPresented(one.plaintext));
    expect(one.id).toMatch(/^can_[0-9A-Za-z]{22}$/);
  });
});

describe('what Authorization presents', () => {
  const encoded = (pair: string): string => Buffer.from(pair).toString('base64');

  it.each<[string, readonly string[]]>([
    ['Bearer abc', ['abc']],
    ['bearer  abc ', ['abc']],
    ['DPoP abc', ['abc']],
    ['Token abc', ['abc']],
    [`Basic ${encoded('svc:abc')}`, ['abc']],
    [`BASIC ${encoded('svc:a:b')}`, ['a:b']],
    [`Basic ${encoded('svc')}`, []],
    ['abc', []],
    ['Bearer a b', []],
    [`Bearer ${'x'.repeat(4097)}`, []],
  ])('of %s', (authorization, texts) => {
    expect(presentedTexts([authorization])).toEqual(texts);
  });

  it('is looked for in four values and no more', () => {
    expect(presentedTexts(['A 1', 'A 2', 'A 3', 'A 4', 'A 5'])).toEqual(['1', '2', '3', '4']);
  });
});
