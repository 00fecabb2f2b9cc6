import { type Handle } from '#handles';
import { DependencyUnavailable } from '#kernel';
import { subjectIdOf } from '#identity';
import { aFormRequest, ExchangeUnderTest, type FormParameters } from '#testing';
import { type PosternScope } from '#policy';
import { authorizationServer } from './authorization-server.js';
import { Form } from './form.js';
import { type OAuthError } from './oauth-error.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let sts: ExchangeUnderTest;
const operators = {
  authenticate: (...asked: [string | undefined, Form | undefined, PosternScope]) =>
    sts.authenticate(...asked),
};

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const refusal = (code: OAuthError['code']): Error => expect.objectContaining({ code }) as Error;

const formOf = (parameters: FormParameters): Form => Form.parse(aFormRequest(parameters));

const assertion = async (claims = {}, more: FormParameters = {}): Promise<Form> =>
  formOf({
    client_assertion_type: JWT_BEARER,
    client_assertion: await sts.mint({ sub: 'operator', ...claims }),
    ...more,
  });

describe('by a handle for the resource postern', () => {
  const attempt = async (overrides: Partial<Handle>, scheme = 'Bearer') => {
    const { plaintext } = await sts.issued({
      resource: 'postern',
      scopes: ['introspect'],
      grant: sts.grantOf('operator-operates'),
      subject: { issuer: sts.issuer.issuer, subject: 'operator', id: 'sub_operator' },
      ...overrides,
    });
    return operators.authenticate(`${scheme} ${plaintext}`, undefined, 'introspect');
  };

  it.each(['Bearer', 'bearer', 'BEARER'])('proves the workload behind it (%s)', async (scheme) => {
    expect(await attempt({}, scheme)).toEqual({
      subjectId: 'sub_operator',
      handleId: expect.stringMatching(/^hdl_/) as string,
      isDelegated: false,
    });
  });

  it('tells when another acts for the workload', async () => {
    const actors = [{ issuer: 'https://idp.test', subject: 'agent' }];
    expect(await attempt({ actors })).toMatchObject({
      subjectId: 'sub_operator',
      isDelegated: true,
    });
  });

  it.each([
    ['of another resource', { resource: 'ledger' }],
    ['that is revoked', { status: 'revoked' }],
    ['that is suspended', { status: 'suspended' }],
    ['that has expired', { expiresAt: new Date(0) }],
    [
      'whose grant is gone',
      { grant: { id: 'gone', version: 1, digest: 'd'.repeat(64), setDigest: '' } },
    ],
  ] as [string, Partial<Handle>][])('proves nobody with one %s', async (_, overrides) => {
    await expect(attempt(overrides)).rejects.toThrow(refusal('invalid_client'));
  });

  it.each(['Basic', 'DPoP', 'Bearer ', ''])('proves nobody by scheme "%s"', async (scheme) => {
    await expect(attempt({}, scheme)).rejects.toThrow(refusal('invalid_client'));
  });

  it('proves nobody with a live handle for another resource', async () => {
    const { plaintext } = await sts.issued();
    await expect(
      operators.authenticate(`Bearer ${plaintext}`, undefined, 'introspect'),
    ).rejects.toThrow(refusal('invalid_client'));
  });

  it('is insufficient_scope when it does not carry the scope', async () => {
    await expect(attempt({ scopes: ['admin.read'] })).rejects.toThrow(
      refusal('insufficient_scope'),
    );
  });

  it('says that it cannot tell while the store is away', async () => {
    const { plaintext } = await sts.operatorHandle();
    sts.records.setReachable(false);
    await expect(
      operators.authenticate(`Bearer ${plaintext}`, undefined, 'introspect'),
    ).rejects.toThrow(DependencyUnavailable);
  });
});

describe('by a client assertion', () => {
  it('proves the workload that it is of, by the same grants', async () => {
    const identity = { issuer: 'https://idp.test', subject: 'operator' };
    expect(await operators.authenticate(undefined, await assertion(), 'introspect')).toEqual({
      subjectId: subjectIdOf(identity),
      handleId: undefined,
      isDelegated: false,
    });
  });

  it('is insufficient_scope without a grant for it', async () => {
    const stranger = await assertion({ sub: 'workload-1' });
    await expect(operators.authenticate(undefined, stranger, 'introspect')).rejects.toThrow(
      refusal('insufficient_scope'),
    );
    await expect(
      operators.authenticate(undefined, await assertion(), 'admin.rotate'),
    ).rejects.toThrow(refusal('insufficient_scope'));
  });

  it('C-01: proves nobody a second time', async () => {
    const form = await assertion();
    await operators.authenticate(undefined, form, 'introspect');
    await expect(operators.authenticate(undefined, form, 'introspect')).rejects.toThrow(
      refusal('invalid_client'),
    );
  });

  it('C-01: of many at once with one assertion, one is proven', async () => {
    const form = await assertion();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => operators.authenticate(undefined, form, 'introspect')),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('C-01: serves once, at all endpoints and processes that share the memory', async () => {
    const form = await assertion();
    const twin = authorizationServer(sts.parts);
    await sts.authenticate(undefined, form, 'introspect', twin.operators);
    await expect(operators.authenticate(undefined, form, 'introspect')).rejects.toThrow(
      refusal('invalid_client'),
    );
  });

  it('C-01: proves nobody by one that lives longer than five minutes', async () => {
    const now = Math.floor(sts.clock.now().getTime() / 1000);
    const long = await assertion({ exp: now + 331 });
    await expect(operators.authenticate(undefined, long, 'introspect')).rejects.toThrow(
      refusal('invalid_client'),
    );
    const longest = await assertion({ exp: now + 330 });
    await expect(operators.authenticate(undefined, longest, 'introspect')).resolves.toBeDefined();
  });

  it.each([
    ['for another audience', () => assertion({ aud: 'https://other.test' })],
    ['for others as well', () => assertion({ aud: [sts.publicOrigin, 'https://other.test'] })],
    ['of an unknown issuer', () => assertion({ iss: 'https://x.test' })],
    ['with another client_id', () => assertion({}, { client_id: 'workload-1' })],
    ['of another type', () => assertion({}, { client_assertion_type: 'jwt' })],
    ['that records an actor', () => assertion({ act: { sub: 'agent' } })],
    ['that lets another act', () => assertion({ may_act: { sub: 'agent' } })],
    ['bound to a key', () => assertion({ cnf: { jkt: `${'a'.repeat(42)}A` } })],
  ])('proves nobody with one %s', async (_, make) => {
    await expect(operators.authenticate(undefined, await make(), 'introspect')).rejects.toThrow(
      refusal('invalid_client'),
    );
  });

  it('says that it cannot tell while the keys of the issuer are away', async () => {
    sts.keys.setReachable(false);
    await expect(
      operators.authenticate(undefined, await assertion(), 'introspect'),
    ).rejects.toThrow(DependencyUnavailable);
  });
});

it('I-01: proves nobody by nothing, and nobody by a secret', async () => {
  for (const form of [undefined, formOf({}), formOf({ client_id: 'x', client_secret: 'y' })]) {
    await expect(operators.authenticate(undefined, form, 'introspect')).rejects.toThrow(
      refusal('invalid_client'),
    );
  }
});

it('T-09: refuses two ways at once, good as each may be', async () => {
  const { plaintext } = await sts.operatorHandle();
  await expect(
    operators.authenticate(`Bearer ${plaintext}`, await assertion(), 'introspect'),
  ).rejects.toThrow(refusal('invalid_request'));
});
