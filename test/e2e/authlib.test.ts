import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { runAuthlib } from '../support/authlib.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';

const LOGIN = { username: 'ledger-svc', password: 'the-ledger-password-1987' };
const BASIC = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;

/** What the script of the client saw. */
interface Seen {
  readonly version: string;
  readonly issuer: string;
  readonly handle: Readonly<Record<string, unknown>>;
  readonly call: { readonly status: number; readonly text: string };
  readonly before: unknown;
  readonly revocation: unknown;
  readonly after: unknown;
  readonly call_after: number;
  readonly spent: Readonly<Record<string, unknown>>;
  readonly not_granted: Readonly<Record<string, unknown>>;
  readonly without_rights: number;
}

/** Python's Authlib as Debian ships it, unmodified: a client that has never heard of Postern. */
describeWithServer('Authlib', 'authlib', () => {
  let legacy: Server;
  let postern: Standalone;
  let seen: Seen;

  beforeAll(async () => {
    legacy = createServer((request, response) => {
      const known = request.headers.authorization === BASIC;
      response.writeHead(known ? 200 : 401).end(known ? '{"account":"42"}' : '');
    });
    await new Promise<void>((resolve) => legacy.listen(0, '127.0.0.1', resolve));
    const { port } = legacy.address() as AddressInfo;
    postern = await makeStandalone({ destination: `http://127.0.0.1:${port}`, ...LOGIN });
    await postern.start();
    seen = (await runAuthlib({
      origin: postern.publicOrigin,
      subject_token: await postern.issuer.mint('settler'),
      operator_token: await postern.issuer.mint('operator'),
      stranger_token: await postern.issuer.mint('stranger'),
    })) as Seen;
  }, 180_000);

  afterAll(async () => {
    await postern.process.stop();
    legacy.closeAllConnections();
    await new Promise((resolve) => legacy.close(resolve));
  }, 60_000);

  it('M-01: finds the endpoints by the metadata', () => {
    expect(seen.issuer).toBe(postern.publicOrigin);
    expect(seen.version).toMatch(/^\d+\.\d+/);
  });

  it('exchanges by fetch_token, and calls the legacy system with what it got', () => {
    expect(seen.handle).toMatchObject({
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: expect.any(Number) as number,
    });
    expect(seen.call).toEqual({ status: 200, text: '{"account":"42"}' });
  });

  it('I-04: introspects by introspect_token', () => {
    expect(seen.before).toMatchObject({
      status: 200,
      body: { active: true, aud: 'ledger', scope: 'ledger.read', iss: postern.publicOrigin },
    });
  });

  it('R-03: revokes by revoke_token, and the handle is dead at once', () => {
    expect(seen.revocation).toEqual({ status: 200, text: '' });
    expect(seen.after).toEqual({ status: 200, body: { active: false } });
    expect(seen.call_after).toBe(401);
  });

  it('T-15: raises its OAuthError for a subject token that is spent', () => {
    expect(seen.spent).toEqual({
      error: 'invalid_request',
      description: expect.any(String) as string,
    });
  });

  it('raises its OAuthError for a workload that no grant names', () => {
    expect(seen.not_granted).toEqual({
      error: 'invalid_target',
      description: expect.any(String) as string,
    });
  });

  it('I-01: may not introspect without a handle that says so', () => {
    expect(seen.without_rights).toBe(401);
  });
});
