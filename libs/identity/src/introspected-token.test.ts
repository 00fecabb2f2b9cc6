import fc from 'fast-check';
import {
  type ClaimValue,
  type IntrospectionAnswer,
  type IntrospectionDeclaration,
  TokenRejected,
  type TokenRejection,
  type VerifiedToken,
  verifyIntrospected,
} from '#identity';
import { epochSeconds, sha256 } from '#kernel';
import { anIntrospectionAnswer, anIntrospectionRegistration, FixedClock } from '#testing';

const AUDIENCE = 'https://postern.test';
const TOKEN = 'ory_at_opaque-token';
const THUMBPRINT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;

const clock = new FixedClock();
const now = epochSeconds(clock.now());

type Members = Readonly<Record<string, unknown>>;

const mapOf = (members: Members): IntrospectionAnswer =>
  new Map(
    Object.entries(members).filter(
      (entry): entry is [string, ClaimValue] => entry[1] !== undefined,
    ),
  );

const verify = (
  members: Members = {},
  declared: Partial<IntrospectionDeclaration> = {},
  token = TOKEN,
): VerifiedToken =>
  verifyIntrospected(
    token,
    mapOf(anIntrospectionAnswer(clock, members)),
    anIntrospectionRegistration(declared),
    { audience: AUDIENCE, now: clock.now() },
  );

function refused(
  reason: TokenRejection,
  members: Members,
  declared: Partial<IntrospectionDeclaration> = {},
): void {
  const asked = (): VerifiedToken => verify(members, declared);
  expect(asked).toThrow(TokenRejected);
  expect(asked).toThrow(expect.objectContaining({ reason }) as Error);
}

describe('an introspected token', () => {
  it('I-21: becomes a verified token with the identity that its issuer tells', () => {
    const verified = verify({ jti: 'token-1', scope: 'ledger.read ledger.write', team: 'ap' });
    expect(verified).toMatchObject({
      identity: {
        issuer: 'https://partner.test',
        subject: 'workload-1',
        subjectKind: 'workload',
        scopes: ['ledger.read', 'ledger.write'],
      },
      jti: 'token-1',
      keyId: undefined,
      confirmation: undefined,
      actors: [],
      mayAct: undefined,
    });
    expect(verified.identity.claims.get('team')).toBe('ap');
    expect(epochSeconds(verified.issuedAt)).toBe(now);
    expect(epochSeconds(verified.expiresAt)).toBe(now + 300);
  });

  it('is of a person when its issuer is registered for persons', () => {
    expect(verify({}, { subjects: 'person' }).identity.subjectKind).toBe('person');
  });

  it.each([
    ['false', false],
    ['missing', undefined],
    ['the text "true"', 'true'],
    ['1', 1],
    ['null', null],
    ['a list', [true]],
    ['an object', { value: true }],
  ])('I-21: is refused when active is %s', (_what, active) => {
    refused('invalid_claims', { active });
  });

  it.each([
    ['another', 'https://other.test'],
    ['another by a slash', 'https://partner.test/'],
    ['another by case', 'https://Partner.test'],
    ['empty', ''],
    ['null', null],
    ['a list', ['https://partner.test']],
  ])('I-22: is refused when iss is %s', (_what, iss) => {
    refused('invalid_claims', { iss });
  });

  it('I-22: counts as one of the registered issuer when the answer has no iss', () => {
    expect(verify({ iss: undefined }).identity.issuer).toBe('https://partner.test');
  });

  it.each([
    ['missing', undefined],
    ['another', 'https://other.test'],
    ['ours and another', [AUDIENCE, 'https://other.test']],
    ['an empty list', []],
    ['ours twice', [AUDIENCE, AUDIENCE]],
    ['an object', { aud: AUDIENCE }],
  ])('I-22: is refused when aud is demanded and is %s', (_what, aud) => {
    refused('invalid_claims', { aud });
  });

  it('I-22: is accepted when aud is ours in a list', () => {
    expect(verify({ aud: [AUDIENCE] }).identity.subject).toBe('workload-1');
  });

  it.each([['missing', undefined] as const, ['another', 'https://other.test'] as const])(
    'I-22: is accepted with aud %s where the registration does not demand it',
    (_what, aud) => {
      expect(verify({ aud }, { audienceRequired: false }).identity.subject).toBe('workload-1');
    },
  );

  it.each([
    ['missing', undefined],
    ['text', String(now + 300)],
    ['a fraction', now + 300.5],
    ['0', 0],
    ['in milliseconds', (now + 300) * 1000],
    ['null', null],
  ])('I-22: is refused when exp is %s', (_what, exp) => {
    refused('invalid_claims', { exp });
  });

  it('I-22: is accepted until exp and the skew have passed, and refused from then on', () => {
    const aged = (exp: number): Members => ({ iat: now - 600, exp });
    expect(epochSeconds(verify(aged(now - 29)).expiresAt)).toBe(now - 29);
    refused('expired', aged(now - 30));
    refused('expired', aged(now - 31));
  });

  it('I-22: is refused when it lives longer than its issuer may give', () => {
    expect(verify({ exp: now + 3600 }).expiresAt).toBeInstanceOf(Date);
    refused('invalid_claims', { exp: now + 3601 });
  });

  it('is refused when it is older than its issuer may let it become', () => {
    refused('expired', { iat: now - 601 }, { maxAgeSeconds: 600 });
    expect(verify({ iat: now - 600 }, { maxAgeSeconds: 600 }).jti).toBeUndefined();
  });

  it('counts as issued now when the answer has no iat, its remaining life held to the limit', () => {
    expect(epochSeconds(verify({ iat: undefined }).issuedAt)).toBe(now);
    refused('invalid_claims', { iat: undefined, exp: now + 3601 });
  });

  it('is refused without iat where its issuer is registered with an age that could not be judged', () => {
    refused('invalid_claims', { iat: undefined }, { maxAgeSeconds: 3599 });
  });

  it.each([
    ['iat in the future', { iat: now + 31 }],
    ['nbf in the future', { nbf: now + 31 }],
    ['iat that is text', { iat: String(now) }],
    ['exp before iat', { iat: now + 20, exp: now + 10 }],
  ])('is refused with %s', (_what, members) => {
    refused('invalid_claims', members);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['a number', 1],
    ['a list', ['workload-1']],
    ['of 256 characters', 'x'.repeat(256)],
    ['with a line break', 'workload\n1'],
    ['with a text direction mark', 'workload\u202e1'],
  ])('is refused when sub is %s', (_what, sub) => {
    refused('invalid_claims', { sub });
  });

  it('I-23: is bound to the key that cnf tells, when its token_type is DPoP', () => {
    const members = { token_type: 'DPoP', cnf: { jkt: THUMBPRINT } };
    expect(verify(members).confirmation).toEqual({ jkt: THUMBPRINT });
    expect(verify({ ...members, token_type: 'dpop' }).confirmation).toEqual({ jkt: THUMBPRINT });
  });

  it.each([
    ['cnf.jkt', 'Bearer', { jkt: THUMBPRINT }],
    ['cnf.jkt', undefined, { jkt: THUMBPRINT }],
    ['cnf.x5t#S256', 'Bearer', { 'x5t#S256': THUMBPRINT }],
  ])('I-23: is bound by %s whatever its token_type (%s) suggests', (_how, tokenType, cnf) => {
    const confirmation = verify({ token_type: tokenType, cnf }).confirmation;
    expect(Object.values(confirmation ?? {})).toEqual([THUMBPRINT]);
  });

  it.each([
    ['no cnf', undefined],
    ['a cnf for a certificate only', { 'x5t#S256': THUMBPRINT }],
    ['an empty cnf', {}],
    ['a cnf that is text', THUMBPRINT],
    ['a thumbprint that is none', { jkt: 'abc' }],
  ])('I-23: is refused when its token_type is DPoP with %s', (_what, cnf) => {
    refused('invalid_claims', { token_type: 'DPoP', cnf });
  });

  it('I-23: is refused when it is bound in a way that is not known here', () => {
    refused('not_supported', { cnf: { jwk: { kty: 'EC' } } });
    refused('not_supported', { token_type: 'PoP' });
    refused('not_supported', { token_type: 'mac' });
    refused('invalid_claims', { token_type: 1 });
  });

  it('has the scopes that the answer tells: none is not the same as unknown', () => {
    expect(verify({ scope: undefined }).identity.scopes).toBeUndefined();
    expect(verify({ scope: '' }).identity.scopes).toEqual([]);
    refused('invalid_claims', { scope: ['ledger.read'] });
  });

  it('is refused unless every required claim is as registered', () => {
    const declared = { requiredClaims: { client_id: ['workload-1', 'workload-2'] } };
    expect(verify({}, declared).identity.subject).toBe('workload-1');
    refused('invalid_claims', { client_id: 'workload-3' }, declared);
    refused('invalid_claims', { client_id: undefined }, declared);
  });

  it('tells who acts and who may act', () => {
    const verified = verify({ act: { sub: 'agent' }, may_act: { sub: 'agent-2' } });
    expect(verified.actors).toEqual([{ issuer: 'https://partner.test', subject: 'agent' }]);
    expect(verified.mayAct).toMatchObject({ subject: 'agent-2' });
    refused('invalid_claims', { act: 'agent' });
  });

  it('is identified by a digest that is not the one of the bare token, and differs by issuer', () => {
    const digest = verify().signingInputDigest;
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(digest).not.toBe(sha256(TOKEN));
    expect(verify({ iat: now - 1 }).signingInputDigest).toBe(digest);
    expect(verify({}, {}, `${TOKEN}x`).signingInputDigest).not.toBe(digest);
    const other = 'https://other.test';
    expect(verify({ iss: other }, { issuer: other }).signingInputDigest).not.toBe(digest);
  });

  it('needs no jti, also where its uses are counted: the digest counts them', () => {
    expect(verify({}, { tokenUse: { kind: 'once' } }).jti).toBeUndefined();
    refused('invalid_claims', { jti: 7 });
  });

  it('I-21: is accepted or refused, whatever the members are, and accepted only when active', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.constant(now + 60));
    const name = fc.constantFrom(
      ...['active', 'iss', 'aud', 'exp', 'iat', 'nbf', 'sub', 'jti', 'cnf', 'token_type'],
      ...['scope', 'scp', 'act', 'may_act', 'client_id', 'acr', 'amr', 'azp', 'auth_time'],
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 3 }), (members) => {
        const verified = orRejected(() => verify(members));
        if (verified === undefined) return;
        accepted += 1;
        expect(Object.hasOwn(members, 'active') ? members['active'] : true).toBe(true);
        expect(verified.expiresAt.getTime()).toBeGreaterThan(clock.now().getTime() - 30_000);
        expect(verified.expiresAt.getTime()).toBeLessThanOrEqual(clock.now().getTime() + 3_630_000);
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

/** What a token is verified to be; undefined when it is refused. */
function orRejected(verifyOne: () => VerifiedToken): VerifiedToken | undefined {
  // eslint-disable-next-line no-restricted-syntax -- Either outcome is good here; what is not a refusal is thrown on.
  try {
    return verifyOne();
  } catch (error) {
    if (error instanceof TokenRejected) return undefined;
    throw error;
  }
}
