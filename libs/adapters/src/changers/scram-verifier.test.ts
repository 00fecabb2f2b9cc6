import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { Secret } from '#kernel';
import { ChangeRefused } from '#rotation';
import { scramVerifier } from './scram-verifier.js';

const FORM = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** RFC 5802 section 3, as a server and a client compute it. */
function computed(password: string, salt: Buffer, iterations: number): [string, string] {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const keyed = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  return [stored, keyed('Server Key').toString('base64')];
}

describe('a SCRAM verifier', () => {
  it('is that of the exchange in RFC 7677 section 3, by its salt', () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const salted = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
    const signature = createHmac(
      'sha256',
      createHmac('sha256', salted).update('Server Key').digest(),
    )
      .update(
        'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
          's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
      )
      .digest('base64');
    expect(signature).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('has the form of RFC 5803, and holds what both sides compute', async () => {
    const verifier = await scramVerifier(Secret.of('pencil'), 5000);
    const [, iterations, salt, stored, server] = FORM.exec(verifier) ?? [];
    expect(iterations).toBe('5000');
    expect([stored, server]).toEqual(computed('pencil', Buffer.from(salt ?? '', 'base64'), 5000));
    expect(Buffer.from(salt ?? '', 'base64')).toHaveLength(16);
  });

  it('is another one each time', async () => {
    const [one, other] = [Secret.of('pencil'), Secret.of('pencil')];
    expect(await scramVerifier(one, 1)).not.toBe(await scramVerifier(other, 1));
  });

  it('never holds the password, nor a character that ends a literal', async () => {
    const password = fc.string({ unit: 'grapheme-ascii', minLength: 8 });
    await fc.assert(
      fc.asyncProperty(password, async (text) => {
        const verifier = await scramVerifier(Secret.of(text), 1);
        expect(verifier).toMatch(FORM);
        expect(verifier).not.toContain(text);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['no-break space', 'a\u00a0b'],
    ['soft hyphen', 'a\u00adb'],
    ['zero width joiner', 'a\u200db'],
    ['ligature', '\ufb01ne'],
    ['decomposed letter', 'e\u0301'],
  ])(
    'is refused for a password with a %s, which clients compute with in several ways',
    async (_, text) => {
      await expect(scramVerifier(Secret.of(text), 1)).rejects.toThrow(ChangeRefused);
    },
  );
});
