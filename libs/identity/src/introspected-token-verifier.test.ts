import {
  IntrospectedTokenVerifier,
  type IntrospectionDeclaration,
  IssuerRegistry,
  type VerifiedToken,
} from '#identity';
import { DependencyUnavailable } from '#kernel';
import {
  anIntrospectionAnswer,
  anIntrospectionDeclaration,
  anIntrospectionRegistration,
  FixedClock,
  InMemoryTokenIntrospector,
  TestIssuer,
} from '#testing';

const TOKEN = 'opaque-token';

describe('the verifier of introspected tokens', () => {
  let clock: FixedClock;
  let introspector: InMemoryTokenIntrospector;

  beforeEach(() => {
    clock = new FixedClock();
    introspector = new InMemoryTokenIntrospector();
    introspector.answer(anIntrospectionRegistration(), TOKEN, anIntrospectionAnswer(clock));
  });

  const other: Partial<IntrospectionDeclaration> = {
    id: 'other',
    issuer: 'https://other.test',
    endpoint: 'https://other.test/introspect',
  };
  const verifierOf = (
    ...declared: Partial<IntrospectionDeclaration>[]
  ): IntrospectedTokenVerifier =>
    new IntrospectedTokenVerifier({
      issuers: IssuerRegistry.of(declared.map((one) => anIntrospectionDeclaration(one))),
      introspector,
      clock,
      audience: 'https://postern.test',
    });
  const untrusted = async (verified: Promise<VerifiedToken>): Promise<void> => {
    await expect(verified).rejects.toMatchObject({ reason: 'issuer_untrusted' });
    expect(introspector.questions).toBe(0);
  };

  it('I-20: asks the issuer that is named by the id of its registration', async () => {
    const verified = await verifierOf({}, other).verify(TOKEN, 'partner');
    expect(verified.identity).toMatchObject({
      issuer: 'https://partner.test',
      subject: 'workload-1',
    });
    await expect(verifierOf({}, other).verify(TOKEN, 'other')).rejects.toMatchObject({
      reason: 'invalid_claims',
    });
  });

  it('I-20: asks the only issuer of opaque tokens when none is named', async () => {
    expect((await verifierOf({}).verify(TOKEN, undefined)).issuer.id).toBe('partner');
  });

  it('I-20: asks nobody when several could be meant', async () => {
    await untrusted(verifierOf({}, other).verify(TOKEN, undefined));
  });

  it('I-20: asks nobody when several could be meant, though the review of all but one is overdue', async () => {
    const overdue = { ...other, reviewBy: clock.now() };
    await untrusted(verifierOf({}, overdue).verify(TOKEN, undefined));
  });

  it.each(['unknown', 'Partner', '', 'https://partner.test', 'partner '])(
    'I-20: asks nobody for the issuer id "%s"',
    async (issuerId) => {
      await untrusted(verifierOf({}).verify(TOKEN, issuerId));
    },
  );

  it('I-20: asks nobody when no issuer is registered', async () => {
    await untrusted(verifierOf().verify(TOKEN, undefined));
    await untrusted(verifierOf().verify(TOKEN, 'partner'));
  });

  it('X-05: asks nobody for an issuer that is registered to sign its tokens', async () => {
    const signing = await TestIssuer.create({ issuer: 'https://idp.test' });
    const verifier = new IntrospectedTokenVerifier({
      issuers: IssuerRegistry.of([signing.declaration()]),
      introspector,
      clock,
      audience: 'https://postern.test',
    });
    await untrusted(verifier.verify(TOKEN, 'test-issuer'));
    await untrusted(verifier.verify(TOKEN, undefined));
  });

  it('X-05: asks nobody about a JWT', async () => {
    const jwt = await (await TestIssuer.create({ issuer: 'https://partner.test' })).mint();
    await expect(verifierOf({}).verify(jwt, 'partner')).rejects.toMatchObject({
      reason: 'malformed_token',
    });
    expect(introspector.questions).toBe(0);
  });

  it.each(['', 'to ken', 'token\r\n', 'x'.repeat(4097)])(
    'asks nobody about what is no token (%j)',
    async (token) => {
      await expect(verifierOf({}).verify(token, 'partner')).rejects.toMatchObject({
        reason: 'malformed_token',
      });
      expect(introspector.questions).toBe(0);
    },
  );

  it('trusts an issuer until the instant its review is overdue, and then asks nobody', async () => {
    const reviewBy = new Date(clock.now().getTime() + 1000);
    const verifier = verifierOf({ reviewBy });
    expect((await verifier.verify(TOKEN, 'partner')).issuer.reviewBy).toEqual(reviewBy);
    clock.advance(1);
    await expect(verifier.verify(TOKEN, 'partner')).rejects.toMatchObject({
      reason: 'issuer_untrusted',
    });
    expect(introspector.questions).toBe(1);
  });

  it('I-24: refuses a token at once after it was revoked, and accepts one at once after it was given', async () => {
    const verifier = verifierOf({});
    await verifier.verify(TOKEN, 'partner');
    introspector.revoke(anIntrospectionRegistration(), TOKEN);
    await expect(verifier.verify(TOKEN, 'partner')).rejects.toMatchObject({
      reason: 'invalid_claims',
    });
    introspector.answer(anIntrospectionRegistration(), TOKEN, anIntrospectionAnswer(clock));
    expect((await verifier.verify(TOKEN, 'partner')).identity.subject).toBe('workload-1');
  });

  it('I-24: judges the times of an answer by the clock of now', async () => {
    const verifier = verifierOf({});
    await verifier.verify(TOKEN, 'partner');
    clock.advance(330);
    await expect(verifier.verify(TOKEN, 'partner')).rejects.toMatchObject({ reason: 'expired' });
  });

  it('I-25: tells an issuer that cannot be asked from a token that is not good', async () => {
    introspector.setReachable(false);
    const verified = verifierOf({}).verify(TOKEN, 'partner');
    await expect(verified).rejects.toThrow(DependencyUnavailable);
  });

  it('I-21: refuses a token when the answer is HTML', async () => {
    introspector.answer(anIntrospectionRegistration(), TOKEN, '<!doctype html>');
    await expect(verifierOf({}).verify(TOKEN, 'partner')).rejects.toMatchObject({
      reason: 'malformed_token',
    });
  });
});
