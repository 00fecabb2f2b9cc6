import { HandleExpired } from '#handles';
import { secondsAfter } from '#kernel';
import { AdminApi } from '../support/admin-api.js';
import { type Answer, CallPath, send } from './call-path.js';
import { CHAIN_GRANTS, narrowed, OPERATES, READ } from './chain-of-handles.js';
import { exchangeAt } from './refused-exchange.js';
import { StsEndpoint } from './sts-endpoint.js';

const TARGET = '/proxy/ledger/accounts/42';
const HOUR_SECONDS = 3600;
const LIFE_SECONDS = 300;
/** Where the clock jumps to, from the instant at which the handle expired. */
const JUMPS = [-HOUR_SECONDS, -1, HOUR_SECONDS, -HOUR_SECONDS];

/** A clock that is set back, by an operator, a hypervisor or NTP, gives no expired handle its life back. */
describe('a handle that expired, when the clock is set back by an hour', () => {
  let endpoint: StsEndpoint | undefined;
  afterEach(() => endpoint?.close());

  it('P-05: is refused by the proxy as before', async () => {
    const path = await CallPath.start();
    const { clock } = path.parts;
    const expiresAt = secondsAfter(clock.now(), LIFE_SECONDS);
    const { plaintext } = await path.parts.issue({ expiresAt });
    const call = (): Promise<Answer> =>
      send(path.port, TARGET, { headers: { authorization: `Bearer ${plaintext}` } });
    expect((await call()).status).toBe(200);
    clock.set(expiresAt);
    expect((await call()).status).toBe(401);
    for (const seconds of JUMPS) {
      clock.set(secondsAfter(expiresAt, seconds));
      const answer = await call();
      expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'invalid_token']);
    }
    expect(path.backend.seen).toHaveLength(1);
    await path.stop();
  });

  it('P-05: is inactive at introspection as before', async () => {
    endpoint = await StsEndpoint.start();
    const { sts } = endpoint;
    // The key is one that the issuer has: it is expiry that is looked at here.
    const { keyId: subjectTokenKeyId } = sts.issuer;
    const { plaintext, handle } = await sts.issued({ subjectTokenKeyId });
    const operator = await sts.issued({
      subjectTokenKeyId,
      resource: 'postern',
      scopes: ['introspect'],
      grant: sts.grantOf('operator-operates'),
      expiresAt: secondsAfter(handle.expiresAt, 2 * HOUR_SECONDS),
    });
    const headers = { authorization: `Bearer ${operator.plaintext}` };
    const introspect = async (): Promise<unknown> =>
      (await endpoint!.post('/oauth2/introspect', { token: plaintext }, headers)).json();
    expect(await introspect()).toMatchObject({ active: true });
    sts.clock.set(handle.expiresAt);
    expect(await introspect()).toEqual({ active: false });
    for (const seconds of JUMPS) {
      sts.clock.set(secondsAfter(handle.expiresAt, seconds));
      expect(await introspect()).toEqual({ active: false });
    }
  });

  it('P-05: is exchanged for nothing, as before', async () => {
    endpoint = await StsEndpoint.start({ grants: CHAIN_GRANTS });
    const { sts } = endpoint;
    const parent = await sts.exchange({ scope: READ });
    const expiresAt = secondsAfter(sts.clock.now(), parent.expiresInSeconds);
    const exchange = (): Promise<Response> => exchangeAt(endpoint!, narrowed(parent.handle));
    expect((await exchange()).status).toBe(200);
    sts.clock.set(expiresAt);
    expect((await exchange()).status).toBe(400);
    for (const seconds of JUMPS) {
      sts.clock.set(secondsAfter(expiresAt, seconds));
      expect((await exchange()).status).toBe(400);
    }
  });

  /** Each part of a process judges handles: what one has seen expired is expired for all of them. */
  describe('and which another part of the process saw expired', () => {
    it('P-05: is refused by the proxy', async () => {
      const path = await CallPath.start();
      const { plaintext, handle } = await path.parts.issue();
      expect(() => path.parts.life.assertUsable(handle, handle.expiresAt)).toThrow(HandleExpired);
      const headers = { authorization: `Bearer ${plaintext}` };
      expect((await send(path.port, TARGET, { headers })).status).toBe(401);
      expect(path.backend.seen).toHaveLength(0);
      await path.stop();
    });

    it('P-05: operates the admin API no more', async () => {
      const api = new AdminApi();
      await api.start();
      const { plaintext, handle } = await api.operator('admin.read');
      expect(() => api.life.assertUsable(handle, handle.expiresAt)).toThrow(HandleExpired);
      expect((await api.ask('reviews', plaintext)).status).toBe(401);
      await api.host.close(0);
    });

    it('P-05: is exchanged for nothing, operates nothing, and takes no other handle with it', async () => {
      endpoint = await StsEndpoint.start({ grants: CHAIN_GRANTS });
      const { sts } = endpoint;
      const { keyId: subjectTokenKeyId } = sts.issuer;
      const ofOperator = {
        subjectTokenKeyId,
        resource: 'postern',
        scopes: ['introspect'],
        grant: sts.grantOf(OPERATES.id),
      };
      const operator = await sts.issued(ofOperator);
      const later = secondsAfter(operator.handle.expiresAt, HOUR_SECONDS);
      const longLived = await sts.issued({ ...ofOperator, expiresAt: later });
      const parent = await sts.exchange({ scope: READ });
      const familyId = (await sts.handles.findById(parent.handleId))!.familyId;
      const sibling = await sts.issued({ subjectTokenKeyId, familyId, expiresAt: later });
      const introspect = async (token: string, by: string): Promise<Response> =>
        endpoint!.post('/oauth2/introspect', { token }, { authorization: `Bearer ${by}` });
      sts.clock.advance(LIFE_SECONDS);
      for (const token of [parent.handle, operator.plaintext]) {
        const answer = await introspect(token, longLived.plaintext);
        expect(await answer.json()).toEqual({ active: false });
      }
      sts.clock.advance(-LIFE_SECONDS);
      expect((await exchangeAt(endpoint, narrowed(parent.handle))).status).toBe(400);
      expect((await introspect(sibling.plaintext, operator.plaintext)).status).toBe(401);
      await endpoint.post('/oauth2/revoke', { token: parent.handle, cascade: 'family' });
      const left = await introspect(sibling.plaintext, longLived.plaintext);
      expect(await left.json()).toMatchObject({ active: true });
    });
  });

  it('P-05: operates the admin API no more', async () => {
    const api = new AdminApi();
    await api.start();
    const { plaintext, handle } = await api.operator('admin.read');
    expect((await api.ask('reviews', plaintext)).status).toBe(200);
    api.clock.set(handle.expiresAt);
    expect((await api.ask('reviews', plaintext)).status).toBe(401);
    for (const seconds of JUMPS) {
      api.clock.set(secondsAfter(handle.expiresAt, seconds));
      expect((await api.ask('reviews', plaintext)).status).toBe(401);
    }
    await api.host.close(0);
  });
});
