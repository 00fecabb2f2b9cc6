import { mintHandle } from '#handles';
import { DependencyUnavailable } from '#kernel';
import { aCaller, aFormRequest, ExchangeUnderTest, type FormParameters } from '#testing';
import { Form } from './form.js';
import { Introspection } from './introspection.js';
import { type OAuthError } from './oauth-error.js';
import { type Revocation } from './revocation.js';
import { RevokeHandles } from './revoke-handles.js';

const REVOKED = 'dev.postern.handle.revoked.v1';

let sts: ExchangeUnderTest;
let revocation: Revocation;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  ({ revocation } = sts.server);
});

const revoke = (parameters: FormParameters): Promise<void> =>
  revocation.revoke(Form.parse(aFormRequest(parameters)), aCaller());

const refusal = (code: OAuthError['code']): Error => expect.objectContaining({ code }) as Error;

describe('the holder of a handle', () => {
  it('R-03: revokes it at once', async () => {
    const { handle: token } = await sts.exchange();
    const introspection = new Introspection(sts.parts);
    expect(await introspection.introspect(token)).toMatchObject({ active: true });
    await revoke({ token });
    expect(await introspection.introspect(token)).toEqual({ active: false });
  });

  it('R-09: makes one event of it, however often and however many at once', async () => {
    const { plaintext: token, handle } = await sts.issued();
    await Promise.all(Array.from({ length: 10 }, () => revoke({ token })));
    await revoke({ token });
    expect(sts.journal.of(REVOKED)).toEqual([
      {
        handle_id: handle.id,
        family_id: handle.familyId,
        scope: 'handle',
        reason: 'revoked by its holder',
        initiator: 'subject',
        initiator_id: handle.id,
        revoked_at: Math.floor(sts.clock.now().getTime() / 1000),
      },
    ]);
  });

  it.each(['access_token', 'refresh_token', 'pineapple'])(
    'R-06: revokes it whatever the hint, such as %s',
    async (hint) => {
      const { plaintext: token, handle } = await sts.issued();
      await revoke({ token, token_type_hint: hint });
      expect((await sts.handles.findById(handle.id))!.status).toBe('revoked');
    },
  );

  it('revokes that one alone', async () => {
    const { plaintext: token } = await sts.issued();
    const other = await sts.issued();
    await revoke({ token });
    expect((await sts.handles.findById(other.handle.id))!.status).toBe('active');
  });
});

it.each([
  ['garbage', 'garbage'],
  ['a handle that was never issued', mintHandle('test').plaintext],
  ['a handle of another environment', mintHandle('prod').plaintext],
])('R-04: takes %s, and does nothing', async (_, token) => {
  await revoke({ token });
  expect(sts.journal.events).toEqual([]);
});

it('looks up nothing for what is no handle of this environment', async () => {
  await revoke({ token: 'garbage' });
  await revoke({ token: mintHandle('prod').plaintext });
  expect(sts.handles.lookedUp).toEqual([]);
});

it('R-04: takes a handle that has expired, and does nothing', async () => {
  const { plaintext: token } = await sts.issued();
  sts.clock.advance(300);
  await revoke({ token });
  expect(sts.journal.of(REVOKED)).toEqual([]);
});

it('R-02: refuses a request without token, with an empty one and with two', async () => {
  const { plaintext } = await sts.issued();
  for (const token of [undefined, '', [plaintext, plaintext]]) {
    await expect(revoke({ token })).rejects.toThrow(refusal('invalid_request'));
  }
});

it('R-07: refuses what is said to be a refresh token: its holder must not take it for revoked', async () => {
  const attempt = revoke({ token: 'some-refresh-token', token_type_hint: 'refresh_token' });
  await expect(attempt).rejects.toThrow(refusal('unsupported_token_type'));
});

it('R-08: does not say that it is revoked while the store is away', async () => {
  const { plaintext: token } = await sts.issued();
  sts.records.setReachable(false);
  await expect(revoke({ token })).rejects.toThrow(DependencyUnavailable);
});

it('R-08: does not revoke without its event', async () => {
  const { plaintext: token, handle } = await sts.issued();
  sts.journal.setReachable(false);
  await expect(revoke({ token })).rejects.toThrow(DependencyUnavailable);
  expect((await sts.handles.findById(handle.id))!.status).toBe('active');
});

describe('an operator', () => {
  it('revokes all that a selector names, each with its event, and once', async () => {
    const handles = [(await sts.issued()).handle, (await sts.issued()).handle];
    const order = {
      selector: { scope: 'resource', id: 'ledger' },
      reason: 'x'.repeat(1_000),
      initiator: 'admin',
      initiatorId: 'hdl_operator',
      correlationId: 'req_admin',
    } as const;
    const revokeHandles = new RevokeHandles(sts.parts);
    const revoked = await revokeHandles.revoke(order);
    expect(revoked.map(({ id }) => id).sort()).toEqual(handles.map(({ id }) => id).sort());
    expect(await revokeHandles.revoke(order)).toEqual([]);
    expect(sts.journal.of(REVOKED)).toHaveLength(2);
    expect(sts.journal.of(REVOKED)[0]).toMatchObject({
      scope: 'resource',
      initiator: 'admin',
      initiator_id: 'hdl_operator',
      reason: 'x'.repeat(256),
    });
  });
});
