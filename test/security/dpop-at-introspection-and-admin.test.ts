import { randomBytes } from 'node:crypto';
import { DpopNonces, type Handle } from '#handles';
import { secondsAfter } from '#kernel';
import { athOf, DpopKey, type ExchangeUnderTest, TEST_ORIGIN } from '#testing';
import { AdminApi, type AdminAnswer } from '../support/admin-api.js';
import { StsEndpoint } from './sts-endpoint.js';

const INTROSPECT_URL = 'https://postern.test/oauth2/introspect';
const REVIEWS_URL = `${TEST_ORIGIN}/admin/v1/reviews`;

type Claims = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** What a handle rests on, so that the watch over the origins of handles leaves it alone. */
const held = ({ issuer }: ExchangeUnderTest): Partial<Handle> => ({
  subjectTokenKeyId: issuer.keyId,
});

async function operatorHandleOf(
  sts: ExchangeUnderTest,
  binding: Handle['binding'],
): Promise<string> {
  const { plaintext } = await sts.issued({
    ...held(sts),
    resource: 'postern',
    scopes: ['introspect'],
    grant: sts.grantOf('operator-operates'),
    subject: { issuer: sts.issuer.issuer, subject: 'operator', id: 'sub_operator' },
    binding,
  });
  return plaintext;
}

/** Operators hold handles like everybody; one that is bound is worth nothing to whoever finds it. */
describe('at introspection', () => {
  let endpoint: StsEndpoint;
  let sts: ExchangeUnderTest;
  let key: DpopKey;
  let thief: DpopKey;
  let target: { plaintext: string; handle: Handle };
  /** Of an operator, bound to the key. */
  let operator: string;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
    ({ sts } = endpoint);
    const { clock } = sts;
    [key, thief] = [await DpopKey.create({ clock }), await DpopKey.create({ clock })];
    target = await sts.issued({ ...held(sts), binding: { kind: 'dpop', jkt: key.jkt } });
    operator = await operatorBoundTo({ kind: 'dpop', jkt: key.jkt });
  });
  afterAll(() => endpoint.close());

  const operatorBoundTo = (binding: Handle['binding']): Promise<string> =>
    operatorHandleOf(sts, binding);
  const proof = (claims: Claims = {}, by = key): string =>
    by.proof({ htu: INTROSPECT_URL, ath: athOf(operator), ...claims });
  const ask = (headers: Headers, token = target.plaintext): Promise<Response> =>
    endpoint.post('/oauth2/introspect', { token }, headers);
  const refused = async (headers: Headers, status = 401, error = 'invalid_client') => {
    const response = await ask(headers);
    const body = (await response.json()) as { error: string };
    expect([response.status, body.error]).toEqual([status, error]);
    expect(JSON.stringify(body)).not.toContain('active');
    return response;
  };

  it('D-15, I-07: tells the key of a bound handle, and that it is of token_type DPoP', async () => {
    const response = await ask({ authorization: `DPoP ${operator}`, dpop: proof() });
    expect(await response.json()).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: key.jkt },
    });
  });

  it.each<[string, Handle['binding'], unknown]>([
    ['none', { kind: 'none' }, undefined],
    ['a certificate', { kind: 'mtls', x5tS256: 'x' }, { 'x5t#S256': 'x' }],
  ])('D-15: tells of a handle that is bound to %s no jkt', async (_, binding, cnf) => {
    const { plaintext } = await sts.issued({ ...held(sts), binding });
    const headers = { authorization: `DPoP ${operator}`, dpop: proof() };
    const told = (await (await ask(headers, plaintext)).json()) as Record<string, unknown>;
    expect([told['active'], told['token_type'], told['cnf']]).toEqual([true, 'Bearer', cnf]);
  });

  it('D-15: tells nothing of the key of a handle that is dead', async () => {
    const binding = { kind: 'dpop', jkt: key.jkt } as const;
    const { plaintext } = await sts.issued({ binding, status: 'revoked' });
    const headers = { authorization: `DPoP ${operator}`, dpop: proof() };
    expect(await (await ask(headers, plaintext)).json()).toEqual({ active: false });
  });

  it('D-10: a bound handle of an operator is refused as Bearer, with its proof and without', async () => {
    await refused({ authorization: `Bearer ${operator}` });
    await refused({ authorization: `Bearer ${operator}`, dpop: proof() });
  });

  it('D-10: a bound handle of an operator is refused without a proof', async () => {
    await refused({ authorization: `DPoP ${operator}` });
  });

  it('D-10: a handle of an operator that is not bound is refused as DPoP', async () => {
    const unbound = await operatorBoundTo({ kind: 'none' });
    const dpop = proof({ ath: athOf(unbound) });
    await refused({ authorization: `DPoP ${unbound}`, dpop });
    expect((await ask({ authorization: `Bearer ${unbound}` })).status).toBe(200);
  });

  it('D-11: a bound handle of an operator is refused with the proof of another key', async () => {
    await refused({ authorization: `DPoP ${operator}`, dpop: proof({}, thief) });
  });

  it.each<[string, Claims]>([
    ['D-11: without an ath', { ath: undefined }],
    ['D-11: with the ath of another handle', { ath: athOf('pst_test_another') }],
    ['D-03: for another method', { htm: 'GET' }],
    ['D-04: for the token endpoint', { htu: 'https://postern.test/oauth2/token' }],
    ['D-05: that is old', { iat: 1_795_000_000 }],
  ])('%s a proof is refused', async (_, claims) => {
    const headers = { authorization: `DPoP ${operator}`, dpop: proof(claims) };
    await refused(headers, 400, 'invalid_dpop_proof');
  });

  it('D-06: a proof is refused the second time', async () => {
    const headers = { authorization: `DPoP ${operator}`, dpop: proof() };
    expect((await ask(headers)).status).toBe(200);
    await refused(headers, 400, 'invalid_dpop_proof');
  });

  it('D-10: whoever presents by DPoP is answered by DPoP', async () => {
    const answer = await refused({ authorization: `DPoP ${operator}` });
    expect(answer.headers.get('www-authenticate')).toMatch(/^DPoP algs="ES256 [^"]+"$/);
    const other = await refused({ authorization: `Bearer ${operator}` });
    expect(other.headers.get('www-authenticate')).toBe('Bearer realm="postern"');
  });

  it('D-07: a proof without a nonce is refused where nonces are demanded, and told one', async () => {
    const nonces = new DpopNonces({ key: randomBytes(32), label: 'token' });
    const demanding = await StsEndpoint.start({ ports: { nonces } });
    const handle = await operatorHandleOf(demanding.sts, { kind: 'dpop', jkt: key.jkt });
    const askAgain = (claims: Claims = {}): Promise<Response> => {
      const dpop = proof({ ath: athOf(handle), ...claims });
      const headers = { authorization: `DPoP ${handle}`, dpop };
      return demanding.post('/oauth2/introspect', { token: handle }, headers);
    };
    const demand = await askAgain();
    expect([demand.status, await demand.json()]).toMatchObject([400, { error: 'use_dpop_nonce' }]);
    const nonce = demand.headers.get('dpop-nonce');
    expect((await askAgain({ nonce })).status).toBe(200);
    await demanding.close();
  });

  it('C-06: a handle of an operator that is bound to a certificate is refused without it', async () => {
    const bound = await operatorBoundTo({ kind: 'mtls', x5tS256: 'x' });
    await refused({ authorization: `Bearer ${bound}` });
    await refused({ authorization: `DPoP ${bound}`, dpop: proof({ ath: athOf(bound) }) });
  });
});

describe('at the admin API', () => {
  const api = new AdminApi();
  let key: DpopKey;
  let operator: string;
  beforeAll(async () => {
    await api.start();
    key = await DpopKey.create({ clock: api.clock });
    operator = await operatorBoundTo({ kind: 'dpop', jkt: key.jkt });
  });
  afterAll(() => api.host.close(0));

  const operatorBoundTo = async (binding: Handle['binding']): Promise<string> => {
    const expiresAt = secondsAfter(api.clock.now(), 300);
    const scopes = ['admin.read', 'admin.revoke'];
    return (await api.issue({ resource: 'postern', scopes, binding, expiresAt })).plaintext;
  };
  const proof = (claims: Claims = {}, by = key): string =>
    by.proof({ htm: 'GET', htu: REVIEWS_URL, ath: athOf(operator), ...claims });
  const ask = (headers: Headers, path = 'reviews', init: RequestInit = {}): Promise<AdminAnswer> =>
    api.ask(path, undefined, { ...init, headers });
  const asOperator = (claims: Claims = {}): Headers => ({
    authorization: `DPoP ${operator}`,
    dpop: proof(claims),
  });

  it('D-11: a bound handle of an operator is taken with its proof', async () => {
    expect((await ask(asOperator())).status).toBe(200);
    expect((await ask(asOperator(), 'reviews?x=1')).status).toBe(200);
  });

  it('D-10: it is refused as Bearer, with its proof and without, and as DPoP without one', async () => {
    const authorization = `Bearer ${operator}`;
    expect((await ask({ authorization })).status).toBe(401);
    expect((await ask({ authorization, dpop: proof() })).status).toBe(401);
    expect((await ask({ authorization: `DPoP ${operator}` })).status).toBe(401);
  });

  it('D-10: one that is not bound is refused as DPoP', async () => {
    const unbound = await operatorBoundTo({ kind: 'none' });
    const dpop = proof({ ath: athOf(unbound) });
    expect((await ask({ authorization: `DPoP ${unbound}`, dpop })).status).toBe(401);
    expect((await api.ask('reviews', unbound)).status).toBe(200);
  });

  it('D-11: it is refused with the proof of another key', async () => {
    const thief = await DpopKey.create({ clock: api.clock });
    const dpop = proof({}, thief);
    expect((await ask({ authorization: `DPoP ${operator}`, dpop })).status).toBe(401);
  });

  it.each<[string, Claims]>([
    ['D-11: without an ath', { ath: undefined }],
    ['D-03: for another method', { htm: 'POST' }],
    ['D-04: for another path', { htu: `${TEST_ORIGIN}/admin/v1/handles` }],
    ['D-04: for another host', { htu: 'https://evil.test/admin/v1/reviews' }],
    ['D-05: that is old', { iat: 1_795_000_000 }],
    ['D-06: without a jti', { jti: undefined }],
  ])('%s a proof is refused', async (_, claims) => {
    const { status, body } = await ask(asOperator(claims));
    expect([400, 401]).toContain(status);
    expect(JSON.stringify(body)).toContain('invalid_dpop_proof');
  });

  it('D-06: a proof is refused the second time', async () => {
    const headers = asOperator();
    expect((await ask(headers)).status).toBe(200);
    expect(JSON.stringify((await ask(headers)).body)).toContain('invalid_dpop_proof');
  });

  it('D-10: an operator without the scope is told so by the scheme that was used', async () => {
    const expiresAt = secondsAfter(api.clock.now(), 300);
    const binding = { kind: 'dpop', jkt: key.jkt } as const;
    const scopes = ['admin.revoke'];
    const bound = await api.issue({ resource: 'postern', scopes, binding, expiresAt });
    const dpop = proof({ ath: athOf(bound.plaintext) });
    const answer = await ask({ authorization: `dpop ${bound.plaintext}`, dpop });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^DPoP algs="[^"]+", error="insufficient_scope"$/,
    );
  });

  it('D-11: nothing is revoked without a proof for just that', async () => {
    const { handle } = await api.issue();
    const order = {
      method: 'POST',
      body: JSON.stringify({ scope: 'handle', id: handle.id, reason: 'a thief was here' }),
    };
    const revoke = (claims: Claims): Promise<AdminAnswer> =>
      ask({ ...asOperator(claims), 'content-type': 'application/json' }, 'revoke', order);
    const state = async () => (await api.handles.findById(handle.id))!.status;
    for (const claims of [{}, { htm: 'POST' }, { htu: `${TEST_ORIGIN}/admin/v1/revoke` }]) {
      const { status } = await revoke(claims);
      expect([status >= 400, await state()]).toEqual([true, 'active']);
    }
    const proven = { htm: 'POST', htu: `${TEST_ORIGIN}/admin/v1/revoke` };
    expect((await revoke(proven)).status).toBe(200);
    expect(await state()).toBe('revoked');
  });
});
