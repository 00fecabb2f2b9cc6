import { inspect } from 'node:util';
import { CompactEncrypt, decodeProtectedHeader, importJWK } from 'jose';
import fc from 'fast-check';
import { Secret } from '#kernel';
import { type IntakeKey } from '#rotation';
import { InMemoryIntakeKeys, InMemoryRotatedSecrets, InMemorySecretStore } from '#testing';
import { RotatorIntake, sealWrap, WrappingTokenRefused, wrapFingerprint } from './index.js';

const ref = { mount: 'secret', path: 'postern/rotator-intake' };
const wrappingToken = Secret.of('hvs.CAESIJcanary4711abcdefghijklmnop');

const anIntake = (store = new InMemorySecretStore()) => {
  const secrets = new InMemoryRotatedSecrets(store);
  const keys = new InMemoryIntakeKeys();
  return { store, secrets, keys, intake: new RotatorIntake({ store, secrets, ref, keys }) };
};

/** Seals anything, in any way. */
const sealedAs = async (
  { jwk }: IntakeKey,
  header: object,
  text = wrappingToken.reveal(),
): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader(header as { alg: string; enc: string })
    .encrypt(await importJWK({ ...jwk }, 'ECDH-ES+A256KW'));

describe('the intake of wrapping tokens', () => {
  it('opens what was sealed to what it published, and tells its fingerprint', async () => {
    const { intake, keys } = anIntake();
    const published = await intake.publish();
    expect(await keys.current()).toEqual(published);
    const opened = await intake.open(await sealWrap(published, wrappingToken));
    expect(opened?.wrappingToken.reveal()).toBe(wrappingToken.reveal());
    expect(opened?.fingerprint).toBe(wrapFingerprint(wrappingToken));
  });

  it('publishes a public key alone, named by its thumbprint', async () => {
    const { intake, store } = anIntake();
    const { kid, jwk } = await intake.publish();
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(jwk).toMatchObject({ kid, kty: 'EC', crv: 'P-256', use: 'enc', alg: 'ECDH-ES+A256KW' });
    expect(kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const { fields } = await store.read(ref, 1);
    expect(fields.get('jwk')?.reveal()).toContain('"d":');
  });

  it('seals as a JWE that tells the key and nothing of the token, another one each time', async () => {
    const published = await anIntake().intake.publish();
    const one = await sealWrap(published, wrappingToken);
    const other = await sealWrap(published, wrappingToken);
    expect(decodeProtectedHeader(one)).toEqual({
      alg: 'ECDH-ES+A256KW',
      enc: 'A256GCM',
      typ: 'postern-wrap',
      kid: published.kid,
      epk: expect.objectContaining({ kty: 'EC', crv: 'P-256' }) as object,
    });
    expect(one).not.toBe(other);
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('canary');
  });

  it('is the same for rotators that start at once, and for one that starts later', async () => {
    const store = new InMemorySecretStore();
    const rotators = Array.from({ length: 4 }, () => anIntake(store).intake);
    const published = await Promise.all(rotators.map((rotator) => rotator.publish()));
    published.push(await anIntake(store).intake.publish());
    expect(new Set(published.map(({ kid }) => kid)).size).toBe(1);
    expect(store.newest(ref)).toBe(1);
  });

  it('opens without having published, from what is stored', async () => {
    const { store, intake } = anIntake();
    const sealed = await sealWrap(await intake.publish(), wrappingToken);
    expect(await anIntake(store).intake.open(sealed)).toBeDefined();
  });

  it('reads the key anew when another was put in its place, and no longer opens for the old one', async () => {
    const { store, intake } = anIntake();
    const before = await sealWrap(await intake.publish(), wrappingToken);
    store.erase(ref);
    const after = await sealWrap(await anIntake(store).intake.publish(), wrappingToken);
    expect(await intake.open(after)).toBeDefined();
    expect(await intake.open(before)).toBeUndefined();
  });

  describe('does not open', () => {
    it('what was altered in any one character', async () => {
      const { intake } = anIntake();
      const sealed = await sealWrap(await intake.publish(), wrappingToken);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(sealed.length - 1),
          fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '_', '-'),
          async (at, by) => {
            const altered = `${sealed.slice(0, at)}${by}${sealed.slice(at + 1)}`;
            fc.pre(bytesOf(altered) !== bytesOf(sealed));
            expect(await intake.open(altered)).toBeUndefined();
          },
        ),
        { numRuns: 60 },
      );
    });

    it('any text', async () => {
      const { intake } = anIntake();
      await fc.assert(
        fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
          expect(await intake.open(text)).toBeUndefined();
        }),
        { numRuns: 50 },
      );
    });

    it('what was sealed to the key of others', async () => {
      const others = await anIntake().intake.publish();
      const { intake } = anIntake();
      await intake.publish();
      expect(await intake.open(await sealWrap(others, wrappingToken))).toBeUndefined();
    });

    it.each([
      ['by another agreement', { alg: 'ECDH-ES', enc: 'A256GCM', typ: 'postern-wrap' }],
      ['by a shorter key', { alg: 'ECDH-ES+A128KW', enc: 'A256GCM', typ: 'postern-wrap' }],
      ['in another cipher', { alg: 'ECDH-ES+A256KW', enc: 'A128CBC-HS256', typ: 'postern-wrap' }],
      ['for another purpose', { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'other' }],
      [
        'and compressed',
        { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'postern-wrap', zip: 'DEF' },
      ],
    ])('what was sealed %s', async (_what, header) => {
      const { intake } = anIntake();
      const published = await intake.publish();
      const sealed = await sealedAs(published, { ...header, kid: published.kid });
      expect(await intake.open(sealed)).toBeUndefined();
    });

    it.each([
      ['is no wrapping token', 'hunter2'],
      ['would be two headers', 's.AAAAAAAAAAAAAAAAAAAAAAAA\r\nX-Vault-Token: root'],
      ['is empty', ''],
      ['is too long', `s.${'A'.repeat(3_000)}`],
    ])('what %s', async (_what, text) => {
      const { intake } = anIntake();
      const published = await intake.publish();
      const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'postern-wrap' };
      const sealed = await sealedAs(published, { ...header, kid: published.kid }, text);
      expect(await intake.open(sealed)).toBeUndefined();
    });
  });

  describe('is unavailable', () => {
    it.each(['sealed', 'unreachable', 'denied'] as const)(
      'while the store is %s',
      async (condition) => {
        const { store, secrets, intake } = anIntake();
        store.failWith(condition);
        secrets.failWith(condition);
        await expect(intake.publish()).rejects.toMatchObject({ condition });
        await expect(intake.open('x')).rejects.toMatchObject({ condition });
        store.failWith(undefined);
        secrets.failWith(undefined);
        expect(await intake.publish()).toBeDefined();
      },
    );

    it('when the key was deleted, and makes no other in its place', async () => {
      const { store, intake, keys } = anIntake();
      await store.put(ref, new Map([['jwk', Secret.of('{}')]]));
      store.mark(ref, 1, 'deleted');
      await expect(intake.publish()).rejects.toThrow(/secret\/postern\/rotator-intake.*undelete/);
      expect(await keys.current()).toBeUndefined();
      expect(store.newest(ref)).toBe(1);
    });

    it.each([
      ['another field', { password: 'canary-2b1c' }],
      ['no JSON', { jwk: 'canary-2b1c' }],
      ['a public key', { jwk: '{"kty":"EC","crv":"P-256","x":"canary-2b1c","y":"b"}' }],
      ['no point', { jwk: '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"canary-2b1c"}' }],
      ['a symmetric key', { jwk: '{"kty":"oct","k":"canary-2b1c"}' }],
    ])('when there is %s in its place, which no message quotes', async (_what, fields) => {
      const { store, intake } = anIntake();
      await store.put(
        ref,
        new Map(Object.entries(fields).map(([name, text]) => [name, Secret.of(text)])),
      );
      const refusal: unknown = await intake.publish().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({ condition: 'denied' });
      expect((refusal as Error).message).toContain('rotator.intakeKey');
      expect(inspect(refusal, { depth: null, showHidden: true })).not.toContain('canary');
    });
  });

  it('hides the private half and what it opens when it is printed', async () => {
    const { intake, store } = anIntake();
    const opened = await intake.open(await sealWrap(await intake.publish(), wrappingToken));
    const stored = (await store.read(ref, 1)).fields.get('jwk')!.reveal();
    const { d } = JSON.parse(stored) as { d: string };
    const printed = inspect([intake, opened], { depth: null, showHidden: true });
    expect(printed).not.toContain(d);
    expect(printed).not.toContain('canary4711');
  });
});

describe('a fingerprint of a wrapping token', () => {
  it('is 128 bits in hexadecimal, the same for the same token and another for another', () => {
    const one = wrapFingerprint(wrappingToken);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(wrapFingerprint(Secret.of(wrappingToken.reveal()))).toBe(one);
    expect(wrapFingerprint(Secret.of(`${wrappingToken.reveal()}A`))).not.toBe(one);
  });

  it.each(['hunter2', '', 's.short', `hvs.${'A'.repeat(2_100)}`, ' s.AAAAAAAAAAAAAAAAAAAAAAAA'])(
    'is not made of %j, and neither is a seal: nothing of it is kept',
    async (text) => {
      const published = await anIntake().intake.publish();
      expect(() => wrapFingerprint(Secret.of(text))).toThrow(WrappingTokenRefused);
      await expect(sealWrap(published, Secret.of(text))).rejects.toThrow(WrappingTokenRefused);
      expect(() => wrapFingerprint(Secret.of(text))).not.toThrow(/hunter2/);
    },
  );
});

/** Base64url has several spellings of the same bytes. */
const bytesOf = (sealed: string): string =>
  sealed
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.');
