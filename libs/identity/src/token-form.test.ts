import { aVerifier, type TestIssuer, type VerifierUnderTest } from '#testing';

describe('the form of a subject token', () => {
  let under: VerifierUnderTest;
  let issuer: TestIssuer;

  beforeAll(async () => {
    under = await aVerifier();
    issuer = under.issuer;
  });

  const rejected = async (compactJws: string, reason: string): Promise<void> => {
    await expect(under.verifier.verify(compactJws)).rejects.toMatchObject({
      code: 'token-rejected',
      reason,
    });
  };
  const accepted = async (compactJws: string): Promise<void> => {
    await expect(under.verifier.verify(compactJws)).resolves.toMatchObject({
      identity: { subject: 'workload-1' },
    });
  };
  /** Signed by the issuer's real key: only the form is wrong. */
  const withPayload = (payload: string | Uint8Array): string =>
    issuer.sign(issuer.header(), payload);
  const withHeader = (header: string): string => issuer.sign(header, issuer.claims());

  it('accepts the token that the others are made from', async () => {
    await accepted(await issuer.mint());
  });

  describe('J-09 other serialisations', () => {
    it('rejects a JWE of five parts', async () => {
      await rejected('eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.dGV4dA.dGFn', 'malformed_token');
    });

    it('rejects a nested JWT', async () => {
      const nested = issuer.sign(issuer.header({ cty: 'JWT' }), await issuer.mint());
      await rejected(nested, 'malformed_token');
    });

    it('rejects the JSON serialisation', async () => {
      const [header, payload, signature] = (await issuer.mint()).split('.');
      await rejected(JSON.stringify({ protected: header, payload, signature }), 'malformed_token');
      await rejected(
        JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
        'malformed_token',
      );
    });
  });

  it.each([
    ['a leading space', (token: string): string => ` ${token}`],
    ['a trailing space', (token: string): string => `${token} `],
    ['a trailing line feed', (token: string): string => `${token}\n`],
    ['a trailing carriage return and line feed', (token: string): string => `${token}\r\n`],
    ['a trailing dot', (token: string): string => `${token}.`],
    ['a leading dot', (token: string): string => `.${token}`],
    ['two parts', (token: string): string => token.split('.').slice(0, 2).join('.')],
    ['four parts', (token: string): string => `${token}.AAAA`],
    ['an empty text', (): string => ''],
    ['an empty payload', (token: string): string => token.replace(/\..*\./, '..')],
    ['a NUL', (token: string): string => `${token}\0`],
    ['a look-alike dot', (token: string): string => token.replace('.', '․')],
  ])('J-10 rejects %s', async (_what, change) => {
    await rejected(change(await issuer.mint()), 'malformed_token');
  });

  describe('J-11 one encoding', () => {
    it('rejects a signature with padding', async () => {
      await rejected(`${await issuer.mint()}==`, 'malformed_token');
    });

    it('rejects spare bits in the last character of the signature', async () => {
      const compactJws = await issuer.mint();
      // 64 bytes are 86 characters; the last carries 2 bits of 6.
      const last = compactJws.at(-1)!;
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const spare = alphabet[alphabet.indexOf(last) + 1]!;
      const malleated = compactJws.slice(0, -1) + spare;
      const bytesOf = (token: string): Buffer => Buffer.from(token.split('.')[2]!, 'base64url');
      expect(bytesOf(malleated)).toEqual(bytesOf(compactJws));
      await rejected(malleated, 'malformed_token');
    });

    it('rejects base64 of the other alphabet', async () => {
      const [header, payload] = (await issuer.mint()).split('.');
      await rejected(`${header!}.${payload!}.${'+/'.repeat(43)}`, 'malformed_token');
    });

    it('gives the same digest for the same signing input, and another for another', async () => {
      const parts = [issuer.header(), issuer.claims({ jti: 'same' })] as const;
      const [one, other] = [issuer.sign(...parts), issuer.sign(...parts)];
      expect(one).not.toBe(other); // ECDSA signs at random.
      const digests = await Promise.all(
        [one, other, await issuer.mint()].map(
          async (token) => (await under.verifier.verify(token)).signingInputDigest,
        ),
      );
      expect(digests[0]).toBe(digests[1]);
      expect(digests[0]).not.toBe(digests[2]);
    });
  });

  it.each([0, 1, 2])('J-12 rejects white space inside part %i', async (index) => {
    const parts = (await issuer.mint()).split('.');
    for (const space of [' ', '\n', '\t', '\u00a0']) {
      const changed = parts.with(
        index,
        `${parts[index]!.slice(0, 4)}${space}${parts[index]!.slice(4)}`,
      );
      await rejected(changed.join('.'), 'malformed_token');
    }
  });

  describe('J-13 a member named twice', () => {
    it.each(['sub', 'aud', 'exp', 'iss'])('rejects the claim %s', async (name) => {
      const claims = issuer.claims();
      const twice = JSON.stringify(claims).replace(
        '{',
        `{"${name}":${JSON.stringify(claims[name])},`,
      );
      await rejected(withPayload(twice), 'malformed_token');
    });

    it.each(['alg', 'kid'])('rejects the header member %s', async (name) => {
      const header = issuer.header();
      const twice = JSON.stringify(header).replace(
        '{',
        `{"${name}":${JSON.stringify(header[name])},`,
      );
      await rejected(withHeader(twice), 'malformed_token');
    });

    it('rejects it when one of the two is written with an escape', async () => {
      const claims = JSON.stringify(issuer.claims());
      await rejected(withPayload(claims.replace('{', '{"\\u0073ub":"admin",')), 'malformed_token');
    });

    it('rejects it inside a claim', async () => {
      const claims = JSON.stringify(issuer.claims());
      await rejected(withPayload(claims.replace('{', '{"x":{"a":1,"a":1},')), 'malformed_token');
    });
  });

  describe('J-14 not an object of UTF-8 JSON', () => {
    it.each(['[]', '"text"', '1', 'null', 'true', '', '{', '{"a":1}x', "{'a':1}"])(
      'rejects the payload %p',
      async (payload) => {
        await rejected(withPayload(payload), 'malformed_token');
      },
    );

    it('rejects bytes that are not UTF-8', async () => {
      const claims = Buffer.from(JSON.stringify(issuer.claims({ x: 'y' })));
      claims[claims.indexOf('"y"') + 1] = 0xff;
      await rejected(withPayload(claims), 'malformed_token');
    });

    it('rejects an overlong encoding', async () => {
      const bytes = Buffer.concat([
        Buffer.from('{"x":"'),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from('"}'),
      ]);
      await rejected(withPayload(bytes), 'malformed_token');
    });

    it('rejects a byte order mark', async () => {
      await rejected(withPayload(`\ufeff${JSON.stringify(issuer.claims())}`), 'malformed_token');
      await rejected(withHeader(`\ufeff${JSON.stringify(issuer.header())}`), 'malformed_token');
    });

    it('rejects half of a surrogate pair', async () => {
      const claims = JSON.stringify(issuer.claims()).replace('workload-1', '\\ud800');
      await rejected(withPayload(claims), 'malformed_token');
    });
  });

  it('J-15 keeps a claim named __proto__ from touching any object', async () => {
    const hostile = JSON.stringify(issuer.claims()).replace(
      '{',
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"deep":{"__proto__":{"admin":true}},',
    );
    const { identity } = await under.verifier.verify(withPayload(hostile));
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    expect(identity.claims.get('toString')).toBeUndefined();
    expect(Object.getPrototypeOf(identity.claims.get('deep'))).toBeNull();
    expect((identity.claims.get('deep') as Record<string, unknown>)['admin']).toBeUndefined();
  });

  describe('J-16 size', () => {
    it('rejects a claim of 1 MB', async () => {
      await rejected(await issuer.mint({ x: 'x'.repeat(1_000_000) }), 'malformed_token');
    });

    it('accepts 8 KiB and rejects one character more', async () => {
      const short = await issuer.mint({ x: '' });
      const room = Math.floor(((8192 - short.length) * 3) / 4);
      const lengths = [room - 3, room - 2, room - 1, room, room + 1, room + 2];
      const tokens = await Promise.all(lengths.map((n) => issuer.mint({ x: 'x'.repeat(n) })));
      const longest = tokens.filter((token) => token.length <= 8192).at(-1)!;
      const tooLong = tokens.find((token) => token.length > 8192)!;
      expect(longest.length).toBeGreaterThanOrEqual(8190);
      await accepted(longest);
      await rejected(tooLong, 'malformed_token');
    });

    it.each([8, 9])('draws the line at depth 10 (the claim is %i deep)', async (depth) => {
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const payload = JSON.stringify(issuer.claims()).replace('{', `{"x":${nested},`);
      await accepted(withPayload(payload));
    });

    it.each([10, 1000])('rejects a claim that is %i deep', async (depth) => {
      const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const payload = JSON.stringify(issuer.claims()).replace('{', `{"x":${nested},`);
      await rejected(withPayload(payload), 'malformed_token');
    });

    it('accepts 100 claims and rejects 101', async () => {
      const claims = (count: number): Record<string, number> =>
        Object.fromEntries(Array.from({ length: count - 6 }, (_, index) => [`c${index}`, index]));
      await accepted(await issuer.mint(claims(100)));
      await rejected(await issuer.mint(claims(101)), 'malformed_token');
    });
  });
});
