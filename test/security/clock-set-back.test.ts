import { secondsAfter } from '#kernel';
import { AdminApi } from '../support/admin-api.js';
import { type Answer, CallPath, send } from './call-path.js';
import { CHAIN_GRANTS, narrowed, READ } from './chain-of-handles.js';
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
