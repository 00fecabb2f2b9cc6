import { createHmac } from 'node:crypto';
import { epochSeconds } from '#kernel';
import { DpopKey, type DpopTestAlgorithm } from '#testing';
import { send } from './call-path.js';
import { type Claims, ProvenExchange, TOKEN_URL } from './proven-exchange.js';

const LIFE_SECONDS_MAX = 60;
const SKEW_SECONDS = 15;
const AT_ONCE = 8;

const encoded = (part: Claims): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** RFC 9449 section 4.3: every step of the judgement of a proof, as the token endpoint answers it. */
describe('a DPoP proof at the token endpoint', () => {
  let endpoint: ProvenExchange;
  let other: DpopKey;
  beforeAll(async () => {
    endpoint = await ProvenExchange.start();
    other = await endpoint.otherKey();
  });
  afterAll(() => endpoint.close());

  const rejected = (proofs: string | readonly string[]): Promise<{ readonly detail: string }> =>
    endpoint.refused('invalid_dpop_proof', proofs);
  const now = (): number => epochSeconds(endpoint.sts.clock.now());

  describe('and how many there are', () => {
    it.each<[string, (proof: string, second: string) => string | readonly string[]]>([
      ['two headers', (proof, second) => [proof, second]],
      ['the same header twice', (proof) => [proof, proof]],
      ['an empty header behind the first', (proof) => [proof, '']],
      ['a list of two', (proof, second) => `${proof}, ${second}`],
      ['a list without a space', (proof, second) => `${proof},${second}`],
      ['a list that ends behind the first', (proof) => `${proof},`],
      ['two behind a space', (proof, second) => `${proof} ${second}`],
      ['two behind a tab', (proof, second) => `${proof}\t${second}`],
      ['an empty header', () => ''],
    ])('D-01: refuses %s', async (_, proofs) => {
      await rejected(proofs(endpoint.proof(), endpoint.proof()));
    });

    it('D-01: takes one, under its name in any case', async () => {
      await endpoint.issued(undefined, {}, { dPoP: endpoint.proof() });
    });
  });

  describe('and its form, key and signature', () => {
    it.each<[string, string, (made: ProvenExchange) => string]>([
      ['what is no JWT', 'three base64url parts', () => 'a-proof-that-is-no-token'],
      ['two parts', 'three', (made) => made.proof().split('.').slice(0, 2).join('.')],
      ['four parts', 'three', (made) => `${made.proof()}.${'A'.repeat(8)}`],
      ['padding', 'three', (made) => `${made.proof()}=`],
      ['quotation marks', 'three', (made) => `"${made.proof()}"`],
      ['a scheme', 'three', (made) => `DPoP ${made.proof()}`],
      ['no typ', 'the typ', (made) => made.proof({}, { typ: undefined })],
      ['another typ', 'the typ', (made) => made.proof({}, { typ: 'JWT' })],
      ['a typ that begins alike', 'the typ', (made) => made.proof({}, { typ: 'dpop+jwt+x' })],
      ['no alg', 'no alg', (made) => made.proof({}, { alg: undefined })],
      ['the alg of another key', 'the alg', (made) => made.proof({}, { alg: 'RS256' })],
      ['no jwk', 'no jwk', (made) => made.proof({}, { jwk: undefined })],
      ['the private key', 'private', (made) => made.proof({}, { jwk: made.key.privateJwk() })],
      [
        'a symmetric key',
        'symmetric',
        (made) => made.proof({}, { jwk: { kty: 'oct', k: 'AAAA' } }),
      ],
      ['a critical extension', 'crit', (made) => made.proof({}, { crit: ['x'], x: 1 })],
      ['more than 8 KiB', '8192', (made) => made.proof({ filler: 'x'.repeat(8 * 1024) })],
    ])('D-02: refuses %s', async (_, rule, made) => {
      expect((await rejected(made(endpoint))).detail).toContain(rule);
    });

    it('D-02: refuses the alg none, with a signature and without', async () => {
      const { key } = endpoint;
      const claims = key.claims({ htu: TOKEN_URL });
      const unsigned = `${encoded(key.header({ alg: 'none' }))}.${encoded(claims)}.`;
      await rejected(unsigned);
      await rejected(key.sign(key.header({ alg: 'none' }), claims));
    });

    it('D-02: refuses a MAC that is made with the public key', async () => {
      const { key } = endpoint;
      const input = `${encoded(key.header({ alg: 'HS256' }))}.${encoded(key.claims({ htu: TOKEN_URL }))}`;
      const mac = createHmac('sha256', JSON.stringify(key.publicJwk())).update(input);
      await rejected(`${input}.${mac.digest('base64url')}`);
    });

    it('D-02: refuses a signature that is broken, of other claims, or by another key', async () => {
      const { key } = endpoint;
      const [header, claims, signature = ''] = endpoint.proof().split('.');
      const broken = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
      await rejected(`${header}.${claims}.${broken}`);
      await rejected(`${header}.${encoded(key.claims({ htu: TOKEN_URL }))}.${signature}`);
      await rejected(other.sign(key.header(), key.claims({ htu: TOKEN_URL })));
    });

    it('D-12: takes one with claims and header members that nobody knows', async () => {
      await endpoint.issued(endpoint.proof({ 'x-mine': [1], cnf: {} }, { kid: 'k', 'x-mine': {} }));
    });
  });

  describe('and what it is for', () => {
    it.each(['PUT', 'GET', 'post', 'POST ', '', undefined, ['POST'], 1])(
      'D-03: refuses the method %p',
      async (htm) => {
        await rejected(endpoint.proof({ htm }));
      },
    );

    it.each([
      'https://evil.test/oauth2/token',
      'https://postern.test.evil.test/oauth2/token',
      'https://postern.test@evil.test/oauth2/token',
      'https://evil.test@postern.test/oauth2/token',
      'https://postern.test/oauth2/revoke',
      'https://postern.test/oauth2/token/',
      'https://postern.test/OAUTH2/token',
      'https://postern.test//oauth2/token',
      'https://postern.test/oauth2%2Ftoken',
      'https://postern.test',
      'http://postern.test/oauth2/token',
      'https://postern.test:8443/oauth2/token',
      '/oauth2/token',
      '',
      undefined,
      7,
      [TOKEN_URL],
    ])('D-04: refuses the URL %p', async (htu) => {
      await rejected(endpoint.proof({ htu }));
    });

    it.each([
      `${TOKEN_URL}?tenant=1`,
      `${TOKEN_URL}#part`,
      'HTTPS://POSTERN.TEST/oauth2/token',
      'https://postern.test:443/oauth2/token',
      'https://postern.test/oauth2/%74oken',
      'https://postern.test/x/../oauth2/token',
    ])('D-04: takes the URL %p', async (htu) => {
      await endpoint.issued(endpoint.proof({ htu }));
    });

    it('D-04: refuses the address of the listener, which is not the public one', async () => {
      await rejected(endpoint.proof({ htu: `http://127.0.0.1:${endpoint.port}/oauth2/token` }));
    });

    it.each([[[]], [['127.0.0.0/8', '::1']]])(
      'D-04: means the configured origin, whatever Host and forwarding say (trusted: %p)',
      async (trustedProxies) => {
        const behind = await ProvenExchange.start({ trustedProxies });
        const lies = {
          host: 'evil.test',
          'x-forwarded-host': 'evil.test',
          'x-forwarded-proto': 'http',
          'x-forwarded-prefix': '/x',
          forwarded: 'host=evil.test;proto=http',
        };
        for (const htu of ['https://evil.test/oauth2/token', 'http://evil.test/oauth2/token']) {
          await behind.refused('invalid_dpop_proof', behind.proof({ htu }), {}, lies);
        }
        await behind.issued(behind.proof(), {}, lies);
        await behind.close();
      },
    );
  });

  describe('and when it was made', () => {
    it.each([-3600, -LIFE_SECONDS_MAX - 1, SKEW_SECONDS + 1, 3600])(
      'D-05: refuses one that is dated %p s from now',
      async (seconds) => {
        await rejected(endpoint.proof({ iat: now() + seconds }));
      },
    );

    it.each([undefined, String(1_795_176_000), 1.5, null, [1], -1, 1e300])(
      'D-05: refuses the date %p',
      async (iat) => {
        await rejected(endpoint.proof({ iat }));
      },
    );

    it.each([-LIFE_SECONDS_MAX, -10, 0, 8, 10, SKEW_SECONDS])(
      'D-05: takes one that is dated %p s from now',
      async (seconds) => {
        await endpoint.issued(endpoint.proof({ iat: now() + seconds }));
      },
    );

    it('D-05: refuses an old one, exp or nbf notwithstanding', async () => {
      const iat = now() - 3600;
      await rejected(endpoint.proof({ iat, nbf: iat, exp: now() + 3600 }));
    });
  });

  it('D-17: takes every algorithm that the metadata names, and none of them is none or symmetric', async () => {
    const metadata = (await (
      await endpoint.request('/.well-known/oauth-authorization-server')
    ).json()) as Readonly<Record<string, DpopTestAlgorithm[]>>;
    const algorithms = metadata['dpop_signing_alg_values_supported'] ?? [];
    expect(algorithms).toContain('ES256');
    expect(algorithms.filter((algorithm) => /^(?:none|HS)/i.test(algorithm))).toEqual([]);
    const { clock } = endpoint.sts;
    for (const algorithm of algorithms) {
      const key = await DpopKey.create({ algorithm, clock });
      const handle = await endpoint.issued(key.proof({ htu: TOKEN_URL }));
      expect(await endpoint.introspected(handle)).toMatchObject({ cnf: { jkt: key.jkt } });
    }
  });

  describe('and its first use', () => {
    it.each([undefined, '', 7, 'j'.repeat(129), null, ['j']])(
      'D-06: refuses the jti %p',
      async (jti) => {
        await rejected(endpoint.proof({ jti }));
      },
    );

    it('D-06: refuses a second use, also with another subject token or URL of the same meaning', async () => {
      const jti = 'j'.repeat(128);
      const proof = endpoint.proof({ jti });
      await endpoint.issued(proof);
      await rejected(proof);
      await rejected(endpoint.proof({ jti }));
      await rejected(endpoint.proof({ jti, htu: `${TOKEN_URL}?again` }));
    });

    it('D-06: takes the same jti of another key', async () => {
      const jti = 'the jti of both';
      await endpoint.issued(endpoint.proof({ jti }));
      await endpoint.issued(other.proof({ htu: TOKEN_URL, jti }));
    });

    it('D-06: of many uses at once takes one', async () => {
      const proof = endpoint.proof();
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, () => endpoint.post(proof)),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...Array.from({ length: AT_ONCE - 1 }, () => 400)]);
    });

    it('D-06: remembers it for all nodes of a deployment', async () => {
      const { proofUses } = endpoint.sts;
      const second = await ProvenExchange.start({ ports: { proofUses } });
      const proof = endpoint.proof();
      await endpoint.issued(proof);
      await second.refused('invalid_dpop_proof', proof);
      await second.close();
    });

    it('D-06: takes none when the memory of uses is away', async () => {
      const { proofUses, records } = endpoint.sts;
      const before = records.handles.size;
      proofUses.setReachable(false);
      const answer = await endpoint.post(endpoint.proof());
      proofUses.setReachable(true);
      expect([answer.status, records.handles.size]).toEqual([503, before]);
      expect(answer.body).toContain('temporarily_unavailable');
    });
  });

  it('D-01: a GET with a proof is no exchange', async () => {
    const headers = { DPoP: endpoint.proof({ htm: 'GET' }) };
    expect((await send(endpoint.port, '/oauth2/token', { headers })).status).toBe(405);
  });
});
