/* eslint-disable @typescript-eslint/no-deprecated -- allowInsecureRequests is marked so to stand out: loopback has no TLS here */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { DpopProver, type IssuedHandle, PosternClient, type PosternRefused } from '#client';
import { Backend } from '../security/call-path.js';
import { grantSettings } from '../support/postern-folder.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const SUBJECT = 'prover';
const PATH = '/accounts/42';
/** EX_NOPERM of sysexits.h. */
const REFUSED = 77;
const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

interface Exit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Clients that prove possession of a key (RFC 9449), against a Postern that demands nonces, as it does by default. */
describe('clients with a DPoP key', () => {
  let backend: Backend;
  let postern: Standalone;
  let callUrl: URL;

  beforeAll(async () => {
    backend = await Backend.start((_, response) => response.end('the balance of 42'));
    postern = await makeStandalone({
      destination: `${backend.origin}/api`,
      username: 'ledger-svc',
      password: 'the-ledger-password-1987',
    });
    const grant = grantSettings('prover-ledger', SUBJECT, 'ledger', ['ledger.read']);
    postern.writeGrant({ ...grant, binding: 'dpop' });
    callUrl = new URL(`${postern.publicOrigin}/proxy/ledger${PATH}`);
    await postern.start();
  }, 180_000);

  afterAll(async () => {
    await postern.process.stop();
    await backend.stop();
  });

  const parameters = async (): Promise<Record<string, string>> => ({
    subject_token: await postern.issuer.mint(SUBJECT),
    subject_token_type: JWT,
    audience: 'ledger',
    scope: 'ledger.read',
  });
  /** Expects that one call reaches the legacy system, and what it answers. */
  const served = async (call: () => Promise<Response>): Promise<void> => {
    const before = backend.seen.length;
    const response = await call();
    expect([response.status, await response.text()]).toEqual([200, 'the balance of 42']);
    expect(backend.seen).toHaveLength(before + 1);
  };
  /** Expects a refusal of the proxy, and that the legacy system saw nothing. */
  const refused = async (code: string, call: () => Promise<Response>): Promise<void> => {
    const before = backend.seen.length;
    const response = await call();
    expect([response.status, response.headers.get('postern-error')]).toEqual([401, code]);
    expect(backend.seen).toHaveLength(before);
  };
  const asBearer = (handle: string): Promise<Response> =>
    fetch(callUrl, { headers: { authorization: `Bearer ${handle}` } });

  describe('oauth4webapi', () => {
    const client = { client_id: SUBJECT };
    let server: oauth.AuthorizationServer;
    let key: oauth.DPoPHandle;
    beforeAll(async () => {
      const origin = new URL(postern.publicOrigin);
      const response = await oauth.discoveryRequest(origin, { algorithm: 'oauth2', ...INSECURE });
      server = await oauth.processDiscoveryResponse(origin, response);
      key = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    });

    const exchange = async (
      body: Record<string, string>,
      DPoP?: oauth.DPoPHandle,
    ): Promise<oauth.TokenEndpointResponse> => {
      const options = DPoP === undefined ? INSECURE : { DPoP, ...INSECURE };
      const none = oauth.None();
      const { genericTokenEndpointRequest: send } = oauth;
      const response = await send(server, client, none, EXCHANGE, body, options);
      return oauth.processGenericTokenEndpointResponse(server, client, response);
    };
    const call = (handle: string, DPoP: oauth.DPoPHandle): Promise<Response> => {
      const options = { DPoP, ...INSECURE };
      return oauth.protectedResourceRequest(handle, 'GET', callUrl, undefined, null, options);
    };

    it('D-07: is told a nonce at each endpoint, and goes on with the same subject token', async () => {
      const body = await parameters();
      const demand = await exchange(body, key).catch((error: unknown) => error);
      expect(oauth.isDPoPNonceError(demand)).toBe(true);
      const issued = await exchange(body, key);
      expect([issued.token_type, issued.scope]).toEqual(['dpop', 'ledger.read']);
      // It keeps one nonce an origin, and that of the token endpoint is not good at the proxy.
      const other = await call(issued.access_token, key).catch((error: unknown) => error);
      expect(oauth.isDPoPNonceError(other)).toBe(true);
      await served(() => call(issued.access_token, key));
    });

    it('D-10: understands what it is told when it presents the handle as Bearer', async () => {
      const retried = await parameters();
      await exchange(retried, key).catch(() => undefined);
      const { access_token: handle } = await exchange(retried, key);
      const denied: unknown = await oauth
        .protectedResourceRequest(handle, 'GET', callUrl, undefined, null, INSECURE)
        .catch((error: unknown) => error);
      expect(denied).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
      const { cause: challenges } = denied as oauth.WWWAuthenticateChallengeError;
      expect(challenges.map(({ scheme }) => scheme)).toEqual(['bearer', 'dpop']);
      for (const { parameters: told } of challenges) expect(told.error).toBe('invalid_token');
      expect(challenges[1]!.parameters.algs).toContain('ES256');
    });

    it('D-16: gets nothing without a key', async () => {
      const denied: unknown = await exchange(await parameters()).catch((error: unknown) => error);
      expect(denied).toMatchObject({ error: 'invalid_dpop_proof', status: 400 });
    });
  });

  describe('openid-client', () => {
    let client: openid.Configuration;
    beforeAll(async () => {
      const origin = new URL(postern.publicOrigin);
      client = await openid.discovery(origin, SUBJECT, {}, openid.None(), {
        algorithm: 'oauth2',
        execute: [openid.allowInsecureRequests],
      });
    });

    it.each(['ES256', 'PS256', 'EdDSA'])(
      'D-07: exchanges and calls with a key for %s, nonces and all',
      async (algorithm) => {
        const pair = await openid.randomDPoPKeyPair(algorithm);
        const DPoP = openid.getDPoPHandle(client, pair);
        const body = await parameters();
        const issued = await openid.genericGrantRequest(client, EXCHANGE, body, { DPoP });
        expect(issued.token_type).toBe('dpop');
        const { access_token: handle } = issued;
        const { fetchProtectedResource: call } = openid;
        await served(() => call(client, handle, callUrl, 'GET', null, undefined, { DPoP }));
        await refused('invalid_token', () => asBearer(handle));
      },
    );
  });

  describe('our own client', () => {
    let prover: DpopProver;
    let client: PosternClient;
    let issued: IssuedHandle;
    beforeAll(async () => {
      prover = await DpopProver.generate();
      client = new PosternClient(postern.publicOrigin, { proof: 'dpop', prover });
      issued = await exchange();
    });

    const exchange = async (by = client): Promise<IssuedHandle> =>
      by.exchange({ subjectToken: await postern.issuer.mint(SUBJECT), audience: 'ledger' });
    const present = (proof: string, handle = issued.handle): Promise<Response> =>
      fetch(callUrl, { headers: { authorization: `DPoP ${handle}`, dpop: proof } });
    const prove = (by = prover): Promise<string> => {
      const { href: url } = callUrl;
      return by.prove({ endpoint: 'proxy', method: 'GET', url, handle: issued.handle });
    };

    it('D-09: exchanges and calls', async () => {
      expect(issued.tokenType).toBe('DPoP');
      await served(() => client.call(issued, 'ledger', PATH));
      await served(() => client.call(issued.handle, 'ledger', PATH));
    });

    it('D-06: a proof of a call is taken once', async () => {
      await served(() => client.call(issued, 'ledger', PATH));
      const proof = await prove();
      await served(() => present(proof));
      await refused('invalid_dpop_proof', () => present(proof));
    });

    it('D-06: a proof of an exchange is taken once, whatever subject token comes with it', async () => {
      const url = `${postern.publicOrigin}/oauth2/token`;
      const dpop = await prover.prove({ endpoint: 'token', method: 'POST', url });
      const post = async (): Promise<Response> => {
        const body = new URLSearchParams({ grant_type: EXCHANGE, ...(await parameters()) });
        return fetch(url, { method: 'POST', headers: { dpop }, body });
      };
      expect((await post()).status).toBe(200);
      const again = await post();
      expect([again.status, await again.json()]).toMatchObject([
        400,
        { error: 'invalid_dpop_proof' },
      ]);
    });

    it('D-10, D-11: its handle opens nothing as Bearer, without a proof, or with another key', async () => {
      await served(() => client.call(issued, 'ledger', PATH));
      await refused('invalid_token', () => asBearer(issued.handle));
      const authorization = `DPoP ${issued.handle}`;
      await refused('invalid_dpop_proof', () => fetch(callUrl, { headers: { authorization } }));
      const thief = await DpopProver.generate();
      thief.remember('proxy', callUrl.href, (await present(await prove(thief))).headers);
      await refused('invalid_token', async () => present(await prove(thief)));
    });

    it('D-16: without a key it gets nothing', async () => {
      const refusal = await exchange(new PosternClient(postern.publicOrigin)).catch(
        (error: unknown) => error as PosternRefused,
      );
      expect(refusal).toMatchObject({ code: 'invalid_dpop_proof', status: 400 });
    });
  });

  describe('the command line', () => {
    const run = (args: readonly string[], handle = ''): Promise<Exit> =>
      new Promise((resolve) => {
        const [command, ...rest] = args;
        const line = ['dist/apps/cli/src/main.js', command!, '--origin', postern.publicOrigin];
        const env = { PATH: process.env['PATH'], POSTERN_HANDLE: handle };
        execFile(process.execPath, [...line, ...rest], { env }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        });
      });
    const fileOf = (name: string): string => join(postern.folder, name);
    const exchange = async (...args: readonly string[]): Promise<Exit> => {
      writeFileSync(fileOf('token'), await postern.issuer.mint(SUBJECT));
      return run(['exchange', 'ledger', '--subject-token-file', fileOf('token'), ...args]);
    };
    const call = (handle: string, ...args: readonly string[]): Promise<Exit> =>
      run(['call', 'ledger', PATH, ...args], handle);

    it('D-10, D-16: exchanges and calls with a key file, and with nothing less', async () => {
      const [mine, other] = [fileOf('mine.jwk'), fileOf('other.jwk')];
      const issued = await exchange('--dpop-key', mine);
      expect([issued.code, issued.stdout]).toEqual([0, expect.stringMatching(/^pst_dev_/)]);
      const handle = issued.stdout.trim();
      const called = await call(handle, '--dpop-key', mine);
      expect([called.code, called.stdout]).toEqual([0, 'the balance of 42']);
      expect((await exchange('--dpop-key', other)).code).toBe(0);
      const before = backend.seen.length;
      for (const args of [[], ['--dpop-key', other]]) {
        const { code, stdout, stderr } = await call(handle, ...args);
        expect([code, stdout]).toEqual([REFUSED, '']);
        expect(stderr).toContain('invalid_token');
        expect(stderr).not.toContain(handle);
      }
      const bare = await exchange();
      expect([bare.code, bare.stdout]).toEqual([REFUSED, '']);
      expect(bare.stderr).toContain('invalid_dpop_proof');
      expect(backend.seen).toHaveLength(before);
    }, 60_000);
  });
});
