import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import {
  aVerifier,
  ExchangeUnderTest,
  type FormParameters,
  type TestIssuer,
  type VerifierUnderTest,
} from '#testing';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that is authenticated with this secret, in the place of a signature. */
function withMac(issuer: TestIssuer, alg: string, secret: string | Buffer, claims = {}): string {
  const input = `${base64url(issuer.header({ alg }))}.${base64url(issuer.claims(claims))}`;
  const mac = createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url');
  return `${input}.${mac}`;
}

const keyOf = (issuer: TestIssuer) =>
  createPublicKey({ key: issuer.publicJwk() as JsonWebKey, format: 'jwk' });

/** Every form in which libraries have taken a public key for the secret of an HMAC. */
const forms: [string, (issuer: TestIssuer) => string | Buffer][] = [
  ['PEM', (issuer) => keyOf(issuer).export({ type: 'spki', format: 'pem' })],
  ['PEM without its last line break', (issuer) => pemOf(issuer).trimEnd()],
  ['PEM with the line breaks of Windows', (issuer) => pemOf(issuer).replaceAll('\n', '\r\n')],
  ['DER', (issuer) => keyOf(issuer).export({ type: 'spki', format: 'der' })],
  ['a JWK', (issuer) => JSON.stringify(issuer.publicJwk())],
  ['a JWK set', (issuer) => JSON.stringify(issuer.jwks())],
  ['its key id', (issuer) => issuer.keyId],
  ['nothing', () => ''],
];
const pemOf = (issuer: TestIssuer): string =>
  keyOf(issuer).export({ type: 'spki', format: 'pem' }).toString();

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('an issuer that signs with %s', (algorithm) => {
  let under: VerifierUnderTest;

  beforeAll(async () => {
    under = await aVerifier({}, algorithm);
  });

  it('is believed when it does', async () => {
    await expect(under.verifier.verify(await under.issuer.mint())).resolves.toBeDefined();
  });

  describe.each(['HS256', 'HS384', 'HS512'])('J-02: is not believed by %s', (alg) => {
    it.each(forms)('keyed with its public key as %s', async (_, secretOf) => {
      const token = withMac(under.issuer, alg, secretOf(under.issuer));
      await expect(under.verifier.verify(token)).rejects.toMatchObject({
        code: 'token-rejected',
        reason: 'invalid_signature',
      });
    });
  });
});

describe('a client assertion', () => {
  let sts: ExchangeUnderTest;

  beforeEach(async () => {
    sts = await ExchangeUnderTest.create();
  });

  const asserted = (assertion: string, more: FormParameters = {}) =>
    sts.exchange({ client_assertion_type: JWT_BEARER, client_assertion: assertion, ...more });
  const refused = async (attempt: Promise<unknown>): Promise<void> => {
    await expect(attempt).rejects.toMatchObject({ code: 'invalid_client' });
    expect(sts.records.handles.size).toBe(0);
  };

  it('proves who calls when it is signed as its issuer is registered to sign', async () => {
    expect((await asserted(await sts.mint())).scopes).toEqual(['ledger.read']);
  });

  it.each(['none', 'NONE', 'es256', 'ES384', 'RS256', 'PS256', 'EdDSA', ''])(
    'C-02: proves nobody by algorithm "%s", which its issuer is not registered with',
    async (alg) => {
      await refused(asserted(sts.issuer.sign(sts.issuer.header({ alg }), sts.issuer.claims())));
    },
  );

  it.each(['HS256', 'HS512'])('C-02: proves nobody by %s with the public key', async (alg) => {
    await refused(asserted(withMac(sts.issuer, alg, pemOf(sts.issuer))));
  });

  it('C-03: proves nobody by a shared secret, alone or beside it', async () => {
    const secret = 's3cret-of-the-client';
    const bySecret = withMac(sts.issuer, 'HS256', secret, { iss: 'workload-1', sub: 'workload-1' });
    await refused(asserted(bySecret, { client_id: 'workload-1' }));
    await refused(sts.exchange({ client_id: 'workload-1', client_secret: secret }));
  });
});
