import { sha256 } from '#kernel';
import { ExchangeUnderTest, type FormParameters, TestIssuer } from '#testing';
import { type OAuthError } from './oauth-error.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;

const now = (): number => Math.floor(sts.clock.now().getTime() / 1000);

const unacceptable: [string, string, () => Promise<string>][] = [
  ['expired', 'expired', () => sts.mint({ iat: now() - 600, exp: now() - 300 })],
  ['not valid yet', 'invalid_claims', () => sts.mint({ nbf: now() + 300 })],
  ['for another audience', 'invalid_claims', () => sts.mint({ aud: 'https://other.test' })],
  ['for others as well', 'invalid_claims', () => sts.mint({ aud: [sts.publicOrigin, 'other'] })],
  ['without exp', 'invalid_claims', () => sts.mint({ exp: undefined })],
  ['A-06 with an actor inside', 'actor_not_allowed', () => sts.mint({ act: { sub: 'admin' } })],
  [
    'A-02 with a may_act of another',
    'actor_not_allowed',
    () => sts.mint({ may_act: { sub: 'x' } }),
  ],
  ['A-02 with a may_act that is text', 'invalid_claims', () => sts.mint({ may_act: 'workload-1' })],
  [
    'unsigned',
    'invalid_signature',
    async () => sts.issuer.sign({ ...sts.issuer.header(), alg: 'none' }, sts.issuer.claims()),
  ],
  ['no JWT', 'malformed_token', async () => 'no-jwt-at-all'],
  [
    'from an unknown issuer',
    'issuer_untrusted',
    async () => (await TestIssuer.create({ issuer: 'https://x.test', clock: sts.clock })).mint(),
  ],
  [
    'signed by a key that is not the issuer’s',
    'invalid_signature',
    async () => {
      const { keyId } = sts.issuer;
      const issuer = sts.issuer.issuer;
      return (await TestIssuer.create({ issuer, keyId, clock: sts.clock })).mint();
    },
  ],
];

describe('X-29: a subject token that is not acceptable', () => {
  it.each(unacceptable)('is invalid_request: %s', async (_, reason, mint) => {
    await expect(sts.exchange({ subject_token: await mint() })).rejects.toThrow(
      refusal({ code: 'invalid_request' }),
    );
    expect(sts.denials.map((denial) => denial.reason)).toEqual([reason]);
  });

  it('is answered in the same words, whatever is wrong with it', async () => {
    const descriptions = new Set<string>();
    for (const [, , mint] of unacceptable) {
      const subjectToken = await mint();
      const [outcome] = await Promise.allSettled([sts.exchange({ subject_token: subjectToken })]);
      descriptions.add(((outcome as PromiseRejectedResult).reason as OAuthError).description);
    }
    expect(descriptions.size).toBe(1);
  });

  it('is known in its event by the digest of its signing input', async () => {
    const subjectToken = await sts.mint({ aud: 'https://other.test' });
    await expect(sts.exchange({ subject_token: subjectToken })).rejects.toThrow();
    const signingInput = subjectToken.slice(0, subjectToken.lastIndexOf('.'));
    expect(sts.denials[0]!.subject_token_fp).toBe(sha256(signingInput));
  });

  it('leaves no digest when it is no JWT: a password that was pasted could be guessed from it', async () => {
    for (const pasted of ['hunter2', 'hunter2.x', 'a.b.c.d', '']) {
      await expect(sts.exchange({ subject_token: pasted })).rejects.toThrow();
    }
    expect(sts.denials.map((denial) => denial.subject_token_fp)).toEqual(Array(4).fill(undefined));
  });

  it('is refused when it belongs to a person: nobody acts for people in this version', async () => {
    sts = await ExchangeUnderTest.create({ issuer: { subjects: 'person' } });
    await expect(sts.exchange()).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'person_without_actor' }),
    );
  });

  it.each([
    ['DPoP', { jkt: sha256('key').slice(0, 42) + 'A' }],
    ['mTLS', { 'x5t#S256': sha256('cert').slice(0, 42) + 'A' }],
  ])(
    'C-08: is refused when it is bound by %s: it must not become a bearer handle',
    async (_, cnf) => {
      await expect(sts.exchange({ subject_token: await sts.mint({ cnf }) })).rejects.toThrow(
        refusal({ code: 'invalid_request', reason: 'binding_mismatch' }),
      );
    },
  );
});

describe('a caller that authenticates', () => {
  const asserted = async (claims = {}, more: FormParameters = {}): Promise<FormParameters> => ({
    client_assertion_type: JWT_BEARER,
    client_assertion: await sts.mint(claims),
    ...more,
  });

  it('may present its own subject token', async () => {
    const issued = await sts.exchange(await asserted({}, { client_id: 'workload-1' }));
    expect(issued.scopes).toEqual(['ledger.read']);
  });

  it('C-07: may not present the subject token of another workload', async () => {
    await expect(sts.exchange(await asserted({ sub: 'workload-2' }))).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'pattern_mismatch' }),
    );
  });

  it.each([
    ['T-07 by HTTP Basic', {}, 'Basic d29ya2xvYWQ6c2VjcmV0'],
    ['by a Bearer handle', {}, 'Bearer pst_test_x'],
    ['T-08 by a secret in the body', { client_id: 'workload-1', client_secret: 's' }, undefined],
    ['T-08 by an unknown id and a secret', { client_id: 'x', client_secret: 's' }, undefined],
  ] as [string, FormParameters, string | undefined][])(
    'is invalid_client: %s',
    async (_, parameters, authorization) => {
      await expect(sts.exchange(parameters, { authorization })).rejects.toThrow(
        refusal({ code: 'invalid_client', reason: 'invalid_client' }),
      );
      expect(sts.denials).toHaveLength(1);
    },
  );

  it('T-09: is refused when it does so in two ways', async () => {
    await expect(
      sts.exchange(await asserted(), { authorization: 'Basic d29ya2xvYWQ6c2VjcmV0' }),
    ).rejects.toThrow(refusal({ code: 'invalid_request' }));
    await expect(sts.exchange(await asserted({}, { client_secret: 'x' }))).rejects.toThrow(
      refusal({ code: 'invalid_request' }),
    );
  });

  it.each([
    ['C-01 expired', () => asserted({ iat: now() - 600, exp: now() - 300 })],
    ['C-01 for others as well', () => asserted({ aud: [sts.publicOrigin, 'other'] })],
    ['C-01 with the client_id of another', () => asserted({}, { client_id: 'workload-2' })],
    ['without its type', () => asserted({}, { client_assertion_type: undefined })],
    ['of another type', () => asserted({}, { client_assertion_type: `${JWT_BEARER}s` })],
    ['bound to a key', () => asserted({ cnf: { jkt: `${'a'.repeat(42)}A` } })],
  ])('is invalid_client when its assertion is not good: %s', async (_, parameters) => {
    await expect(sts.exchange(await parameters())).rejects.toThrow(
      refusal({ code: 'invalid_client' }),
    );
  });

  it('C-01: is invalid_client when its assertion was used before', async () => {
    const assertion = await asserted();
    await sts.exchange(assertion);
    await expect(sts.exchange(assertion)).rejects.toThrow(refusal({ code: 'invalid_client' }));
  });
});
