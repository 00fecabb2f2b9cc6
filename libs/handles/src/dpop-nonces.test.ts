import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { secondsAfter } from '#kernel';
import { codePoint, FixedClock } from '#testing';
import { DpopNonces } from './dpop-nonces.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;
const MANY = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 100_000 : 5_000;
const KEY_BYTES = 32;

describe('nonces of DPoP proofs', () => {
  const now = new FixedClock().now();
  const key = randomBytes(KEY_BYTES);
  const nonces = new DpopNonces({ key, label: 'token' });

  it('D-08: are made of characters of 1*NQCHAR', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), noInvalidDate: true }), (instant) => {
        // RFC 6749 appendix A: NQCHAR = %x21 / %x23-5B / %x5D-7E
        expect(nonces.issue(instant)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
      }),
      { numRuns: RUNS },
    );
  });

  it('D-08: cannot be predicted: no two of one second have a random part or a MAC in common', () => {
    const issued = Array.from({ length: MANY }, () => Buffer.from(nonces.issue(now), 'base64url'));
    const parts = issued.flatMap((bytes) => [bytes.subarray(8, 24), bytes.subarray(24)]);
    expect(new Set(parts.map((part) => part.toString('hex'))).size).toBe(2 * MANY);
  });

  it('D-07: are valid for 300 s, and not a moment longer', () => {
    const nonce = nonces.issue(now);
    for (const age of [0, 1, 299, 300]) {
      expect(nonces.isValid(nonce, secondsAfter(now, age))).toBe(true);
    }
    for (const age of [300.001, 301, 3600]) {
      expect(nonces.isValid(nonce, secondsAfter(now, age))).toBe(false);
    }
  });

  it('D-07: are valid as long as is set', () => {
    const short = new DpopNonces({ key, label: 'token', validSeconds: 10 });
    const nonce = short.issue(now);
    expect(short.isValid(nonce, secondsAfter(now, 10))).toBe(true);
    expect(short.isValid(nonce, secondsAfter(now, 11))).toBe(false);
  });

  it('are valid at a process whose clock is a little behind, and at none that is far behind', () => {
    const nonce = nonces.issue(now);
    expect(nonces.isValid(nonce, secondsAfter(now, -15))).toBe(true);
    expect(nonces.isValid(nonce, secondsAfter(now, -16))).toBe(false);
  });

  it('are valid at every process that has the key', () => {
    expect(new DpopNonces({ key, label: 'token' }).isValid(nonces.issue(now), now)).toBe(true);
  });

  it('D-07: of one side are not valid on the other', () => {
    const proxy = new DpopNonces({ key, label: 'proxy' });
    expect(proxy.isValid(proxy.issue(now), now)).toBe(true);
    expect(proxy.isValid(nonces.issue(now), now)).toBe(false);
    expect(nonces.isValid(proxy.issue(now), now)).toBe(false);
  });

  it('D-07: of another key are not valid', () => {
    const other = new DpopNonces({ key: randomBytes(KEY_BYTES), label: 'token' });
    expect(nonces.isValid(other.issue(now), now)).toBe(false);
  });

  it('D-07: are not valid with any one bit changed', () => {
    const nonce = nonces.issue(now);
    const bytes = Buffer.from(nonce, 'base64url');
    const valid = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const changed = Buffer.from(bytes);
      const at = Math.floor(bit / 8);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (bit % 8)), at);
      return nonces.isValid(changed.toString('base64url'), now);
    });
    expect(nonces.isValid(nonce, now)).toBe(true);
    expect(valid).toEqual(valid.map(() => false));
  });

  it('D-07: are not valid in another spelling', () => {
    const nonce = nonces.issue(now);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const spareBit = nonce.slice(0, -1) + alphabet[alphabet.indexOf(nonce.at(-1)!) + 1]!;
    for (const other of [`${nonce}=`, ` ${nonce}`, `${nonce}\n`, spareBit, nonce.slice(1), '']) {
      expect(nonces.isValid(other, now)).toBe(false);
    }
  });

  it('D-07: are never what somebody makes up', () => {
    const text = fc.oneof(
      fc.string({ unit: codePoint, maxLength: 100 }),
      fc
        .uint8Array({ minLength: 40, maxLength: 40 })
        .map((bytes) => Buffer.from(bytes).toString('base64url')),
    );
    fc.assert(
      fc.property(text, (nonce) => {
        expect(nonces.isValid(nonce, now)).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });

  it('are not valid when the time is not known', () => {
    expect(nonces.isValid(nonces.issue(now), new Date(Number.NaN))).toBe(false);
  });

  it.each([0, 16, 31, 33])('cannot be made with a key of %d bytes', (bytes) => {
    expect(() => new DpopNonces({ key: Buffer.alloc(bytes), label: 'token' })).toThrow(
      'not 32 bytes long',
    );
  });
});
