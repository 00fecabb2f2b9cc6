import { DPOP_ALGORITHMS, type DpopExpectation, verifyDpopProof } from '#identity';
import { secondsAfter } from '#kernel';
import { athOf, DpopKey, type DpopTestAlgorithm, FixedClock } from '#testing';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('a DPoP proof', () => {
  const clock = new FixedClock();
  const expected: DpopExpectation = {
    method: 'POST',
    uri: 'https://postern.test/token',
    now: clock.now(),
    algorithms: DPOP_ALGORITHMS,
  };
  let key: DpopKey;

  beforeAll(async () => {
    key = await DpopKey.create({ clock });
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

  it('tells the key, the id, the time and the target of a valid one', async () => {
    const proof = key.proof({ jti: 'one', htu: 'HTTPS://POSTERN.TEST:443/token?a=b' });
    await expect(verifyDpopProof(proof, expected)).resolves.toEqual({
      jkt: key.jkt,
      jti: 'one',
      issuedAt: clock.now(),
      htu: 'https://postern.test/token',
      nonce: undefined,
    });
  });

  it('tells the nonce that it carries', async () => {
    await expect(verifyDpopProof(key.proof({ nonce: 'n-1' }), expected)).resolves.toMatchObject({
      nonce: 'n-1',
    });
  });

  it.each(DPOP_ALGORITHMS)('accepts %s, and tells the RFC 7638 thumbprint', async (algorithm) => {
    const other = await DpopKey.create({ clock, algorithm: algorithm as DpopTestAlgorithm });
    const { jkt } = await verifyDpopProof(other.proof(), expected);
    expect(jkt).toBe(other.jkt);
  });

  // RFC 9449 section 4.1, figure 2, and the thumbprint of its key in section 6.1.
  it('accepts the example of RFC 9449', async () => {
    const proof =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJ' +
      'oRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.' +
      'eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0I' +
      'joxNTYyMjYyNjE2fQ.' +
      '2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg';
    await expect(
      verifyDpopProof(proof, {
        ...expected,
        uri: 'https://server.example.com/token',
        now: new Date(1_562_262_616_000),
      }),
    ).resolves.toMatchObject({ jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' });
  });

  describe('D-02: form', () => {
    it.each([
      ['no text', ''],
      ['no JWT', 'proof'],
      ['a bearer token', 'a.b'],
      ['five parts', 'a.b.c.d.e'],
      ['parts that are no JSON', `${base64url('x')}.${base64url('x')}.${base64url('x')}`],
      ['lists for objects', `${base64url('[]')}.${base64url('[]')}.${base64url('x')}`],
    ])('rejects %s', async (_, proof) => {
      await rejected(proof, '');
    });

    it('rejects white space, padding and spare bits around a valid one', async () => {
      const proof = key.proof();
      for (const changed of [` ${proof}`, `${proof}\n`, `${proof}=`, proof.replace('.', '\t.')]) {
        await rejected(changed, 'not three base64url parts');
      }
      // The last character of 64 bytes has four spare bits: the next one of the alphabet sets one of them.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const next = alphabet[alphabet.indexOf(proof.at(-1)!) + 1]!;
      await rejected(proof.slice(0, -1) + next, 'signature is not canonical base64url');
    });

    it('rejects members that are named twice, in header and claims', async () => {
      const header = JSON.stringify(key.header());
      const claims = JSON.stringify(key.claims());
      const twice = (json: string, member: string): string => `${json.slice(0, -1)},${member}}`;
      await rejected(key.sign(twice(header, '"alg":"ES256"'), claims), 'a member twice');
      await rejected(key.sign(header, twice(claims, '"htm":"POST"')), 'a member twice');
    });

    it('accepts one just within the size limit and rejects a longer one', async () => {
      const short = key.proof({ note: '' }).length;
      const room = 8 * 1024 - short;
      await accepted(key.proof({ note: 'x'.repeat(Math.floor((room * 3) / 4) - 3) }));
      await rejected(key.proof({ note: 'x'.repeat(room) }), 'longer than 8192 characters');
    });
  });

  describe('D-02: signature', () => {
    it('rejects one that another key made', async () => {
      const other = await DpopKey.create({ clock });
      await rejected(other.proof({}, { jwk: key.publicJwk() }), 'signature does not verify');
    });

    it('rejects one over other claims, and none', async () => {
      const [header, , signature] = key.proof().split('.');
      const claims = base64url(JSON.stringify(key.claims()));
      await rejected(`${header!}.${claims}.${signature!}`, 'signature does not verify');
      await rejected(`${header!}.${claims}.`, 'not three base64url parts');
    });
  });

  describe('D-03: htm', () => {
    it.each(['PUT', 'post', 'Post', 'POST ', '', undefined, 7, ['POST']])(
      'rejects %p',
      async (htm) => {
        await rejected(key.proof({ htm }), 'its htm is not the method');
      },
    );

    it('accepts the method of the request, whichever it is', async () => {
      await accepted(key.proof({ htm: 'DELETE' }), { method: 'DELETE' });
    });
  });

  describe('D-05: iat', () => {
    it.each([0, -10, -60, 8, 10, 15])('accepts one of %d s from now', async (seconds) => {
      await accepted(key.proof({ iat: secondsAfter(clock.now(), seconds).getTime() / 1000 }));
    });

    it.each([-61, -3600, 16, 3600])('rejects one of %d s from now', async (seconds) => {
      await rejected(
        key.proof({ iat: secondsAfter(clock.now(), seconds).getTime() / 1000 }),
        seconds < 0 ? 'older than 60 s' : 'more than 15 s in the future',
      );
    });

    it('rejects one in milliseconds', async () => {
      await rejected(key.proof({ iat: clock.now().getTime() }), 'more than 15 s in the future');
    });

    it.each([undefined, '1795176000', null, true, 1.5, [1]])('rejects %p', async (iat) => {
      await rejected(key.proof({ iat }), 'its iat is not a whole number of seconds');
    });

    it('rejects every one when our own time is not known', async () => {
      await rejected(key.proof(), 'its iat', { now: new Date(Number.NaN) });
    });
  });

  describe('D-06: jti', () => {
    it.each([undefined, '', 7, null, ['a'], 'x'.repeat(129)])('rejects %p', async (jti) => {
      await rejected(key.proof({ jti }), 'its jti is not a string of 1 to 128 characters');
    });

    it.each(['x', 'x'.repeat(128)])('accepts %p', async (jti) => {
      await accepted(key.proof({ jti }));
    });
  });

  it.each([7, null, ['n']])('D-07: rejects the nonce %p, which is no string', async (nonce) => {
    await rejected(key.proof({ nonce }), 'its nonce is not a string');
  });

  describe('D-11: ath', () => {
    const accessTokenHash = athOf('handle-1');

    it('accepts the hash of the handle', async () => {
      await accepted(key.proof({ ath: accessTokenHash }), { accessTokenHash });
    });

    it('rejects a proof without one', async () => {
      await rejected(key.proof(), 'it has no ath', { accessTokenHash });
    });

    it.each([athOf('handle-2'), '', `${accessTokenHash}=`, 7, null, [accessTokenHash]])(
      'rejects %p',
      async (ath) => {
        await rejected(key.proof({ ath }), 'its ath is not the hash', { accessTokenHash });
      },
    );

    it('accepts one where no handle is presented', async () => {
      await accepted(key.proof({ ath: athOf('handle-2') }));
    });
  });
});
