import { mintHandle, parseHandle } from '#handles';
import { athOf, DpopKey, InMemoryProofUses, TEST_ENVIRONMENT, TEST_ORIGIN } from '#testing';
import { type Answer } from './call-path.js';
import { ProvenCall, TARGET } from './proven-call.js';

const AT_ONCE = 8;
const ALGS = 'DPoP algs="ES256 ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519 RS256"';
const CHALLENGE = `${ALGS}, error="invalid_dpop_proof"`;

/** RFC 9449 section 7: whoever found a bound handle, and has not its key, gets nowhere with it. */
describe('a handle that is bound to a key, at the proxy', () => {
  const uses = new InMemoryProofUses();
  let call: ProvenCall;
  let thief: DpopKey;
  beforeAll(async () => {
    call = await ProvenCall.start({ proofUses: uses });
    thief = await DpopKey.create({ clock: call.path.parts.clock });
  });
  beforeEach(() => call.renew());
  afterAll(() => call.stop());

  const unproven = async (made: () => string | readonly string[]): Promise<{ detail: string }> => {
    const answer = await call.refused(401, 'invalid_dpop_proof', () =>
      call.get(...[made()].flat()),
    );
    expect(answer.headers['www-authenticate']).toBe(CHALLENGE);
    return answer;
  };
  const invalid = async (made: () => Promise<Answer>): Promise<Answer & { detail: string }> => {
    const answer = await call.refused(401, 'invalid_token', made);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="postern", error="invalid_token", ${ALGS}, error="invalid_token"`,
    );
    return answer;
  };

  it('D-09: opens its resource with a proof, and neither goes on to the destination', async () => {
    const proof = call.proof();
    await call.taken(() => call.get(proof));
    const { everything } = call.path.backend;
    expect(everything).not.toContain(call.handle);
    expect(everything).not.toContain(proof.slice(-40));
    expect(everything).not.toMatch(/dpop/i);
  });

  describe('presented as something less', () => {
    it('D-10: as Bearer is refused, also along with a proof that is in order', async () => {
      const authorization = `Bearer ${call.handle}`;
      const { detail } = await invalid(() => call.send({ authorization }));
      expect(detail).toContain('presented as bearer');
      await invalid(() => call.send({ authorization, DPoP: call.proof() }));
    });

    it('D-10: as Bearer gets the same answer, byte for byte, as a handle that nobody issued', async () => {
      const visible = ({ status, body, headers }: Answer): unknown => {
        return { status, body, same: { ...headers, 'postern-correlation-id': '', date: '' } };
      };
      const { plaintext } = mintHandle(TEST_ENVIRONMENT);
      const bound = await invalid(() => call.send({ authorization: `Bearer ${call.handle}` }));
      const unknown = await invalid(() => call.send({ authorization: `Bearer ${plaintext}` }));
      expect(visible(bound)).toEqual(visible(unknown));
    });

    it('D-10: as DPoP without a DPoP header is refused', async () => {
      expect((await unproven(() => [])).detail).toContain('the DPoP header is missing');
      expect((await unproven(() => '')).detail).toContain('compact JWS');
    });

    it('D-10: a handle that is not bound is refused as DPoP, with a proof and without', async () => {
      const unbound = await call.issue({ binding: { kind: 'none' } });
      const authorization = `DPoP ${unbound}`;
      await invalid(() => call.send({ authorization }));
      await invalid(() => call.send({ authorization, DPoP: call.proof({ ath: athOf(unbound) }) }));
      await call.taken(() => call.send({ authorization: `Bearer ${unbound}` }));
    });

    it.each<[string, (handle: string) => string[]]>([
      ['DPoP and Bearer', (handle) => [`DPoP ${handle}`, `Bearer ${handle}`]],
      ['Bearer and DPoP', (handle) => [`Bearer ${handle}`, `DPoP ${handle}`]],
      ['DPoP twice', (handle) => [`DPoP ${handle}`, `DPoP ${handle}`]],
    ])('D-10: in two Authorization headers, %s, is refused', async (_, authorization) => {
      await call.refused(400, 'invalid_request', () =>
        call.send({ authorization: authorization(call.handle), DPoP: call.proof() }),
      );
    });

    it('D-10: in one Authorization header with another credential is refused', async () => {
      const two = [`DPoP ${call.handle}, Bearer x`, `Bearer x, DPoP ${call.handle}`];
      for (const authorization of two) {
        await invalid(() => call.send({ authorization, DPoP: call.proof() }));
      }
    });

    it('P-01: in the query is refused, with its proof or without', async () => {
      const target = `${TARGET}?access_token=${call.handle}`;
      await call.refused(400, 'invalid_request', () => call.send({ DPoP: call.proof() }, target));
    });
  });

  describe('with the proof of somebody else, or for something else', () => {
    it('D-11: is refused with another key', async () => {
      const { detail } = await invalid(() => call.get(call.proof({}, {}, thief)));
      expect(detail).toContain('another key');
    });

    it('D-11: is refused with the public key of the workload over a signature of the thief', async () => {
      const claims = { htm: 'GET', htu: TEST_ORIGIN + TARGET };
      const sign = (): string =>
        thief.sign(call.key.header(), call.key.claims({ ...claims, ath: athOf(call.handle) }));
      expect((await unproven(sign)).detail).toContain('signature');
    });

    it.each<[string, (handle: string) => unknown]>([
      ['no ath', () => undefined],
      ['the ath of another handle', () => athOf(mintHandle(TEST_ENVIRONMENT).plaintext)],
      ['the ath with padding', (handle) => `${athOf(handle)}=`],
      [
        'the ath in hexadecimal',
        (handle) => Buffer.from(athOf(handle), 'base64url').toString('hex'),
      ],
      ['the handle for ath', (handle) => handle],
      ['an empty ath', () => ''],
      ['an ath that is a list', (handle) => [athOf(handle)]],
    ])('D-11: is refused with %s', async (_, ath) => {
      const { detail } = await unproven(() => call.proof({ ath: ath(call.handle) }));
      expect(detail).toContain('ath');
    });

    it('D-11: is refused with the proof that got it from the token endpoint', async () => {
      const htu = `${TEST_ORIGIN}/oauth2/token`;
      await unproven(() => call.key.proof({ htm: 'POST', htu }));
    });

    it.each(['POST', 'get', 'HEAD', undefined])(
      'D-03: is refused with the method %p',
      async (htm) => {
        expect((await unproven(() => call.proof({ htm }))).detail).toContain('htm');
      },
    );

    it.each([
      `https://evil.test${TARGET}`,
      `${TEST_ORIGIN}/proxy/ledger/accounts/43`,
      `${TEST_ORIGIN}/proxy/archive/accounts/42`,
      `${TEST_ORIGIN}/accounts/42`,
      `${TEST_ORIGIN}${TARGET}/`,
      TEST_ORIGIN,
      TARGET,
      undefined,
    ])('D-04: is refused with the URL %p', async (htu) => {
      expect((await unproven(() => call.proof({ htu }))).detail).toContain('htu');
    });

    it('D-04: is refused with the URL of the listener, or of the Host that the caller names', async () => {
      const { port } = call.path;
      await unproven(() => call.proof({ htu: `http://127.0.0.1:${port}${TARGET}` }));
      const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' };
      const DPoP = (): string => call.proof({ htu: `https://evil.test${TARGET}` });
      const authorization = `DPoP ${call.handle}`;
      await call.refused(401, 'invalid_dpop_proof', () =>
        call.send({ ...headers, authorization, DPoP: DPoP() }),
      );
      await call.taken(() => call.send({ ...headers, authorization, DPoP: call.proof() }));
    });

    it.each([
      [TARGET, `${TEST_ORIGIN}${TARGET}?x=1#y`],
      [`${TARGET}?x=1`, `${TEST_ORIGIN}${TARGET}`],
      [`${TARGET}?x=1`, `${TEST_ORIGIN}${TARGET}?x=2`],
      [TARGET, `HTTPS://${new URL(TEST_ORIGIN).host.toUpperCase()}:443${TARGET}`],
      ['/proxy/ledger/accounts/%34%32', TEST_ORIGIN + TARGET],
      ['/proxy/ledger/accounts/a%2Cb', `${TEST_ORIGIN}/proxy/ledger/accounts/a%2cb`],
    ])('D-04: opens %s with the URL %s', async (target, htu) => {
      const authorization = `DPoP ${call.handle}`;
      await call.taken(() => call.send({ authorization, DPoP: call.proof({ htu }) }, target));
    });

    it.each([
      ['D-02', 'typ', {}, { typ: 'JWT' }],
      ['D-02', 'alg', {}, { alg: 'none' }],
      ['D-05', 'iat', { iat: 1_795_000_000 }, {}],
      ['D-06', 'jti', { jti: '' }, {}],
    ])('%s: is refused with a proof whose %s is not in order', async (_, what, claims, header) => {
      expect((await unproven(() => call.proof(claims, header))).detail).toContain(what);
    });
  });

  describe('with proofs one too many', () => {
    it('D-01: is refused', async () => {
      await unproven(() => [call.proof(), call.proof()]);
      await unproven(() => `${call.proof()}, ${call.proof()}`);
    });

    it('D-06: is refused when the proof was used before, and goes on with a new one', async () => {
      const proof = call.proof();
      await call.taken(() => call.get(proof));
      expect((await unproven(() => proof)).detail).toContain('used before');
      await call.taken(() => call.get(call.proof()));
    });

    it('D-06: is refused when the proof was used at another proxy', async () => {
      const second = await ProvenCall.start({ proofUses: uses });
      const binding = { kind: 'dpop', jkt: call.key.jkt } as const;
      second.path.parts.clock.set(call.path.parts.clock.now());
      second.handle = call.handle;
      await second.issue({ binding, digest: parseHandle(call.handle).digest });
      const proof = call.proof();
      await call.taken(() => call.get(proof));
      const refusal = second.refused(401, 'invalid_dpop_proof', () => second.get(proof));
      expect((await refusal).detail).toContain('used before');
      await second.taken(() => second.get(call.proof()));
      await second.stop();
    });

    it('D-06: of many uses of a proof at once one is taken', async () => {
      const proof = call.proof();
      const before = call.path.backend.seen.length;
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => call.get(proof)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(AT_ONCE - 1);
      expect(call.path.backend.seen).toHaveLength(before + 1);
    });

    it('D-06: is refused when nobody knows whether the proof was used', async () => {
      uses.setReachable(false);
      await call.refused(503, 'dependency-unavailable', () => call.get(call.proof()));
      uses.setReachable(true);
    });
  });
});
