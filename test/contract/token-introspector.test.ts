import { randomUUID } from 'node:crypto';
import { HttpTokenIntrospector, vaultClientSecrets } from '#adapters/issuers';
import {
  IntrospectedTokenVerifier,
  type IntrospectionDeclaration,
  IssuerRegistry,
  type VerifiedToken,
} from '#identity';
import { DependencyUnavailable, Secret, sha256, SystemClock } from '#kernel';
import {
  anIntrospectionDeclaration,
  anIntrospectionRegistration,
  FixedClock,
  InMemorySecretStore,
  tokenIntrospectorContract,
} from '#testing';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { OpaqueTokenIssuer } from '../support/opaque-token-issuer.js';

const AUDIENCE = 'https://postern.test';
const PLACES = {
  right: { mount: 'secret', path: 'postern/partner-introspection' },
  wrong: { mount: 'secret', path: 'postern/wrong-secret' },
  bystander: { mount: 'secret', path: 'postern/bystander' },
} as const;
const WRONG_SECRET = 'wrong-secret-17af';

/** The client secrets as an operator writes them for this issuer. */
async function secretsFor(issuer: OpaqueTokenIssuer): Promise<InMemorySecretStore> {
  const store = new InMemorySecretStore();
  const { postern, bystander } = issuer;
  const written = [
    [PLACES.right, postern.id, postern.secret],
    [PLACES.wrong, postern.id, WRONG_SECRET],
    [PLACES.bystander, bystander.id, bystander.secret],
  ] as const;
  for (const [ref, id, secret] of written) {
    await store.put(
      ref,
      new Map([
        ['client_id', Secret.of(id)],
        ['client_secret', Secret.of(secret)],
      ]),
    );
  }
  return store;
}

async function introspectorFor(issuer: OpaqueTokenIssuer): Promise<HttpTokenIntrospector> {
  const store = await secretsFor(issuer);
  const clock = new SystemClock();
  return new HttpTokenIntrospector({ clientSecretOf: vaultClientSecrets({ store, clock }) });
}

const declarationOf = (
  issuer: OpaqueTokenIssuer,
  overrides: Partial<IntrospectionDeclaration> = {},
): IntrospectionDeclaration =>
  anIntrospectionDeclaration({
    issuer: issuer.origin,
    endpoint: issuer.introspectionEndpoint,
    clientSecret: PLACES.right,
    ...overrides,
  });

describe('introspection over HTTP at an oidc-provider', () => {
  tokenIntrospectorContract(async () => {
    const issuer = await OpaqueTokenIssuer.start(AUDIENCE);
    const wrong = { clientSecret: PLACES.wrong };
    return {
      introspector: await introspectorFor(issuer),
      issuer: anIntrospectionRegistration(declarationOf(issuer)),
      issuerWithWrongSecret: anIntrospectionRegistration(declarationOf(issuer, wrong)),
      secrets: [issuer.postern.secret, WRONG_SECRET],
      issue: () => issuer.issue(),
      revoke: (token) => issuer.revoke(token),
      setReachable: async (reachable) => issuer.setReachable(reachable),
      questions: () => issuer.introspections,
      close: () => issuer.stop(),
    };
  });
});

describe('an opaque token of an oidc-provider', () => {
  let issuer: OpaqueTokenIssuer;
  let introspector: HttpTokenIntrospector;

  beforeAll(async () => {
    issuer = await OpaqueTokenIssuer.start(AUDIENCE);
    introspector = await introspectorFor(issuer);
  });
  afterAll(() => issuer.stop());

  const verify = (
    token: string,
    overrides: Partial<IntrospectionDeclaration> = {},
    clock = new FixedClock(new SystemClock().now()),
  ): Promise<VerifiedToken> =>
    new IntrospectedTokenVerifier({
      issuers: IssuerRegistry.of([declarationOf(issuer, overrides)]),
      introspector,
      clock,
      audience: AUDIENCE,
    }).verify(token, 'partner');
  const refused = (verified: Promise<VerifiedToken>, reason: string): Promise<void> =>
    expect(verified).rejects.toMatchObject({ code: 'token-rejected', reason });

  it('I-21: becomes a verified token with identity, scopes, times and digest', async () => {
    const token = await issuer.issue();
    const verified = await verify(token);
    expect(verified.identity).toMatchObject({
      issuer: issuer.origin,
      subject: 'payments-agent',
      subjectKind: 'workload',
      scopes: ['ledger.read'],
    });
    expect(verified.expiresAt.getTime() - verified.issuedAt.getTime()).toBe(300_000);
    expect(verified.signingInputDigest).not.toBe(sha256(token));
    expect(verified.confirmation).toBeUndefined();
  });

  it('I-24: is refused from the moment it is revoked', async () => {
    const token = await issuer.issue();
    await verify(token);
    await issuer.revoke(token);
    await refused(verify(token), 'invalid_claims');
  });

  it('I-21: is refused when the issuer never gave it', async () => {
    await refused(verify(randomUUID()), 'invalid_claims');
  });

  it('I-22: is refused when it is for another audience, where ours is demanded', async () => {
    const token = await issuer.issue({ resource: 'https://other.test' });
    await refused(verify(token), 'invalid_claims');
    const verified = await verify(token, { audienceRequired: false });
    expect(verified.identity.claims.get('aud')).toBe('https://other.test');
  });

  it('I-22: is refused when the endpoint speaks for another issuer than the registered', async () => {
    const token = await issuer.issue();
    await refused(verify(token, { issuer: 'https://partner.test' }), 'invalid_claims');
  });

  it('I-22: is refused when it has expired by our clock, or may live too long', async () => {
    const token = await issuer.issue();
    const later = new FixedClock(new SystemClock().now());
    later.advance(400);
    await refused(verify(token, {}, later), 'expired');
    await refused(verify(token, { maxLifetimeSeconds: 299 }), 'invalid_claims');
  });

  it('I-23: is bound to the key of its DPoP proof', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const dpop = await new SignJWT({ htm: 'POST', htu: `${issuer.origin}/token` })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(privateKey);
    const verified = await verify(await issuer.issue({ dpop }));
    expect(verified.identity.claims.get('token_type')).toBe('DPoP');
    expect(verified.confirmation).toEqual({ jkt: await calculateJwkThumbprint(jwk) });
  });

  it('I-25: cannot be verified with credentials that the issuer refuses', async () => {
    const token = await issuer.issue();
    const verified = verify(token, { clientSecret: PLACES.wrong });
    await expect(verified).rejects.toThrow(DependencyUnavailable);
    await expect(verified).rejects.toThrow(/answers 401: correct the client credentials/);
  });

  it('I-25: cannot be verified with credentials that nobody wrote', async () => {
    const clientSecret = { mount: 'secret', path: 'postern/nowhere' };
    const verified = verify(await issuer.issue(), { clientSecret });
    await expect(verified).rejects.toThrow(DependencyUnavailable);
    await expect(verified).rejects.toThrow(/no secret at secret\/postern\/nowhere/);
  });

  it('I-21: is not active to a client that may not introspect', async () => {
    const verified = verify(await issuer.issue(), { clientSecret: PLACES.bystander });
    await refused(verified, 'invalid_claims');
  });
});
