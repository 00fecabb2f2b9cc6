import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { SealKey, SealKeyRefused } from '#adapters/embedded';

const seal = SealKey.of(Buffer.alloc(32, 7));
const parts = fc.array(fc.string({ maxLength: 6 }), { maxLength: 4 });

describe('a seal key', () => {
  it('gives back any text to whom it belongs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), parts, (text, belongsTo) => {
        expect(seal.unseal(seal.seal(text, belongsTo), belongsTo)).toBe(text);
      }),
    );
  });

  it('gives nothing to anybody else, however the parts are cut', () => {
    fc.assert(
      fc.property(parts, parts, (owner, other) => {
        fc.pre(JSON.stringify(owner) !== JSON.stringify(other));
        expect(seal.unseal(seal.seal('canary', owner), other)).toBeUndefined();
      }),
    );
    expect(seal.unseal(seal.seal('canary', ['ab', 'c']), ['a', 'bc'])).toBeUndefined();
    expect(seal.unseal(seal.seal('canary', ['ab']), ['ab', ''])).toBeUndefined();
  });

  it('notices any changed bit', () => {
    const sealed = seal.seal('the text', ['owner']);
    const whole = Buffer.concat([sealed.nonce, sealed.ciphertext]);
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), (bit) => {
        const changed = Buffer.from(whole);
        const byte = bit >> 3;
        changed.writeUInt8(changed.readUInt8(byte) ^ (1 << (bit & 7)), byte);
        const altered = { nonce: changed.subarray(0, 12), ciphertext: changed.subarray(12) };
        expect(seal.unseal(altered, ['owner'])).toBeUndefined();
      }),
    );
  });

  it('never uses a nonce twice in a thousand texts', () => {
    const nonces = Array.from({ length: 1000 }, () => seal.seal('x', []).nonce.toString('hex'));
    expect(new Set(nonces).size).toBe(1000);
  });

  it('opens nothing of another key, and has another id', () => {
    const other = SealKey.of(randomBytes(32));
    expect(other.unseal(seal.seal('canary', []), [])).toBeUndefined();
    expect(other.id).not.toBe(seal.id);
    expect(SealKey.of(Buffer.alloc(32, 7)).id).toBe(seal.id);
  });

  it.each([0, 16, 31, 33])('is refused with %i bytes', (length) => {
    expect(() => SealKey.of(Buffer.alloc(length))).toThrow(SealKeyRefused);
  });

  it('stays hidden when it is printed', () => {
    const bytes = randomBytes(32);
    const printed = inspect(SealKey.of(bytes), { depth: null, showHidden: true });
    for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      expect(printed).not.toContain(bytes.toString(encoding));
    }
  });
});
