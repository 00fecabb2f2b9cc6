import { createHmac } from 'node:crypto';
import { DPOP_ALGORITHMS, type DpopExpectation, verifyDpopProof } from '#identity';
import { DpopKey, FixedClock } from '#testing';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('the header of a DPoP proof', () => {
  const clock = new FixedClock();
  const expected: DpopExpectation = {
    method: 'POST',
    uri: 'https://postern.test/token',
    now: clock.now(),
    algorithms: DPOP_ALGORITHMS,
  };
  let key: DpopKey;
  let rsa: DpopKey;

  beforeAll(async () => {
    key = await DpopKey.create({ clock });
    rsa = await DpopKey.create({ clock, algorithm: 'RS256' });
  });

  const accepted = async (proof: string, over: Partial<DpopExpectation> = {}): Promise<void> => {
    const verified = await verifyDpopProof(proof, { ...expected, ...over });
    expect(verified.jkt).toMatch(/^[A-Za-z0-9_-]{43}$/);
  };
  const rejected = async (
    proof: string,
    rule: string,
    over: Partial<DpopExpectation> = {},
  ): Promise<void> => {
    await expect(verifyDpopProof(proof, { ...expected, ...over })).rejects.toMatchObject({
      code: 'dpop-proof-rejected',
      message: expect.stringContaining(rule) as string,
    });
  };

  describe('D-02: what it must hold', () => {
    it.each([
      undefined,
      'JWT',
      'jwt',
      'dpop+jwt+x',
      'dpop',
      '',
      7,
      null,
      'at+jwt',
      'text/dpop+jwt',
    ])('rejects the typ %p', async (typ) => {
      await rejected(key.proof({}, { typ }), 'the typ is not dpop+jwt');
    });

    it.each(['dpop+jwt', 'DPoP+JWT', 'application/dpop+jwt'])('accepts the typ %p', async (typ) => {
      await accepted(key.proof({}, { typ }));
    });

    it.each([undefined, 'none', 'None', 'HS256', 'HS512', 'es256', 'RS1', 'RS384', '', 7, null])(
      'rejects the alg %p',
      async (alg) => {
        await rejected(key.proof({}, { alg }), 'alg');
      },
    );

    it('rejects an algorithm that is not listed', async () => {
      await accepted(rsa.proof());
      await rejected(rsa.proof(), 'the alg is not one', { algorithms: ['ES256'] });
    });

    it('rejects a symmetric algorithm even when it is listed', async () => {
      const header = base64url(JSON.stringify(key.header({ alg: 'HS256' })));
      const input = `${header}.${base64url(JSON.stringify(key.claims()))}`;
      const mac = createHmac('sha256', JSON.stringify(key.publicJwk())).update(input);
      const proof = `${input}.${mac.digest('base64url')}`;
      await rejected(proof, 'the alg is not one', { algorithms: ['HS256', 'none'] });
    });

    it('rejects an algorithm that is not one of the key', async () => {
      await rejected(key.proof({}, { alg: 'ES384' }), 'the jwk is not one for the alg');
      await rejected(key.proof({}, { alg: 'PS256' }), 'the jwk is not one for the alg');
    });

    it('rejects an algorithm that the key itself excludes', async () => {
      const jwk = rsa.publicJwk({ alg: 'PS256' });
      await rejected(rsa.proof({}, { jwk }), 'the jwk is not one for the alg');
      await accepted(rsa.proof({}, { jwk: rsa.publicJwk({ alg: 'RS256' }) }));
    });

    it.each([undefined, null, 'key', ['key'], 7])('rejects the jwk %p', async (jwk) => {
      await rejected(key.proof({}, { jwk }), 'there is no jwk');
    });

    it('rejects a private key, of every kind', async () => {
      await rejected(key.proof({}, { jwk: key.privateJwk() }), 'private or symmetric');
      await rejected(rsa.proof({}, { jwk: rsa.privateJwk() }), 'private or symmetric');
      await rejected(key.proof({}, { jwk: { kty: 'oct', k: 'AAAA' } }), 'private or symmetric');
    });

    it('rejects a point that is not on its curve', async () => {
      const x = Buffer.alloc(32, 7).toString('base64url');
      await rejected(key.proof({}, { jwk: key.publicJwk({ x, y: x }) }), 'not a key of its kind');
    });

    it('rejects an RSA key that is too short', async () => {
      const short = await DpopKey.create({ clock, algorithm: 'RS256', modulusBits: 1024 });
      await rejected(short.proof(), 'RSA modulus');
    });

    it('rejects an RSA key with the exponent 1, whose signatures anybody can make', async () => {
      await rejected(rsa.proof({}, { jwk: rsa.publicJwk({ e: 'AQ' }) }), 'RSA exponent');
    });

    it('rejects an RSA key whose numbers are padded, which would have another thumbprint', async () => {
      const padded = (member: unknown): string =>
        Buffer.concat([Buffer.alloc(1), Buffer.from(String(member), 'base64url')]).toString(
          'base64url',
        );
      const { n, e } = rsa.publicJwk();
      await rejected(rsa.proof({}, { jwk: rsa.publicJwk({ n: padded(n) }) }), 'leading zeros');
      await rejected(rsa.proof({}, { jwk: rsa.publicJwk({ e: padded(e) }) }), 'leading zeros');
    });

    it('rejects a key that is meant for something else', async () => {
      await rejected(key.proof({}, { jwk: key.publicJwk({ use: 'enc' }) }), '"use"');
      await rejected(key.proof({}, { jwk: key.publicJwk({ key_ops: ['sign'] }) }), '"key_ops"');
    });

    it.each([
      ['crit', ['exp']],
      ['crit', []],
      ['b64', false],
      ['b64', true],
    ])('rejects the member %s', async (name, value) => {
      await rejected(key.proof({}, { [name]: value }), `${name} is not supported`);
    });
  });

  describe('D-12: what is not known', () => {
    it('accepts further header members, and takes no key from them', async () => {
      const other = await DpopKey.create({ clock });
      const header = {
        kid: 'k',
        jku: 'https://evil.test/jwks',
        x5c: ['MII'],
        more: { jwk: other.publicJwk() },
      };
      const { jkt } = await verifyDpopProof(key.proof({}, header), expected);
      expect(jkt).toBe(key.jkt);
    });

    it('accepts further claims', async () => {
      await accepted(key.proof({ sub: 'me', aud: ['x'], more: { deep: [1, null, true] } }));
    });

    it('accepts further members of the key, and leaves them out of the thumbprint', async () => {
      const jwk = key.publicJwk({ kid: 'k', use: 'sig', more: 1 });
      const { jkt } = await verifyDpopProof(key.proof({}, { jwk }), expected);
      expect(jkt).toBe(key.jkt);
    });
  });
});
