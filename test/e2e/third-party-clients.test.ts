/* eslint-disable @typescript-eslint/no-deprecated -- allowInsecureRequests is marked so to stand out: loopback has no TLS here */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExternalAccountClient } from 'google-auth-library';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Apache } from '../support/apache.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const SECRET = 'the-ledger-password-1987';

/** Clients of others, unmodified: what they can do with any RFC 8693 server they can do with Postern. */
describeWithServer('third-party clients', 'apache', () => {
  let apache: Apache;
  let postern: Standalone;

  beforeAll(async () => {
    apache = await Apache.start({
      username: 'ledger-svc',
      password: SECRET,
      files: { 'api/accounts/42': '{"account":"42"}' },
    });
    postern = await makeStandalone({
      destination: `${apache.origin}/api`,
      username: 'ledger-svc',
      password: SECRET,
    });
    await postern.start();
  }, 180_000);

  afterAll(async () => {
    await postern.process.stop();
    await apache.stop();
  });

  /** An Authorization header for Postern's own operations, by the client's own hook for client authentication. */
  async function operatorHandle(): Promise<string> {
    const server = await discovered();
    const answer = await exchangeWithOauth4webapi(server, 'operator', 'postern', 'introspect');
    return answer.access_token;
  }

  async function discovered(): Promise<oauth.AuthorizationServer> {
    const origin = new URL(postern.publicOrigin);
    const response = await oauth.discoveryRequest(origin, {
      algorithm: 'oauth2',
      [oauth.allowInsecureRequests]: true,
    });
    return oauth.processDiscoveryResponse(origin, response);
  }

  async function exchangeWithOauth4webapi(
    server: oauth.AuthorizationServer,
    subject: string,
    audience: string,
    scope: string,
  ): Promise<oauth.TokenEndpointResponse> {
    const client = { client_id: subject };
    const response = await oauth.genericTokenEndpointRequest(
      server,
      client,
      oauth.None(),
      EXCHANGE,
      {
        subject_token: await postern.issuer.mint(subject),
        subject_token_type: JWT,
        audience,
        scope,
      },
      { [oauth.allowInsecureRequests]: true },
    );
    return oauth.processGenericTokenEndpointResponse(server, client, response);
  }

  it('oauth4webapi discovers, exchanges, introspects and revokes', async () => {
    const server = await discovered();
    const issued = await exchangeWithOauth4webapi(server, 'settler', 'ledger', 'ledger.read');
    expect(issued.token_type).toBe('bearer');

    const client = { client_id: 'operator' };
    const handle = await operatorHandle();
    const asOperator: oauth.ClientAuth = (_server, _client, _body, headers) => {
      headers.set('authorization', `Bearer ${handle}`);
    };
    const insecure = { [oauth.allowInsecureRequests]: true };
    const introspect = async (): Promise<oauth.IntrospectionResponse> =>
      oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, asOperator, issued.access_token, insecure),
      );
    expect(await introspect()).toMatchObject({ active: true, aud: 'ledger', scope: 'ledger.read' });

    const revoked = await oauth.revocationRequest(
      server,
      { client_id: 'settler' },
      oauth.None(),
      issued.access_token,
      insecure,
    );
    await oauth.processRevocationResponse(revoked);
    expect(await introspect()).toEqual({ active: false });
  });

  it('openid-client discovers, exchanges, introspects and revokes', async () => {
    const configure = (auth: openid.ClientAuth, clientId: string): Promise<openid.Configuration> =>
      openid.discovery(new URL(postern.publicOrigin), clientId, {}, auth, {
        algorithm: 'oauth2',
        execute: [openid.allowInsecureRequests],
      });
    const workload = await configure(openid.None(), 'settler');
    const issued = await openid.genericGrantRequest(workload, EXCHANGE, {
      subject_token: await postern.issuer.mint('settler'),
      subject_token_type: JWT,
      audience: 'ledger',
      scope: 'ledger.read',
    });
    const handle = await operatorHandle();
    const operator = await configure((_server, _client, _body, headers) => {
      headers.set('authorization', `Bearer ${handle}`);
    }, 'operator');
    const before = await openid.tokenIntrospection(operator, issued.access_token);
    expect(before).toMatchObject({ active: true, iss: postern.publicOrigin });
    await openid.tokenRevocation(workload, issued.access_token);
    expect(await openid.tokenIntrospection(operator, issued.access_token)).toEqual({
      active: false,
    });
  });

  it("google-auth-library's ExternalAccountClient exchanges, and calls the legacy system", async () => {
    const file = join(postern.folder, 'subject-token');
    writeFileSync(file, await postern.issuer.mint('settler'));
    const client = ExternalAccountClient.fromJSON({
      type: 'external_account',
      audience: 'ledger',
      subject_token_type: JWT,
      token_url: `${postern.publicOrigin}/oauth2/token`,
      credential_source: { file },
    });
    if (client === null) throw new Error('not an external account');
    client.scopes = ['ledger.read'];
    const response = await client.request<{ account: string }>({
      url: `${postern.publicOrigin}/proxy/ledger/accounts/42`,
    });
    expect(response.status).toBe(200);
    expect(JSON.stringify(response.data)).toContain('42');
    expect(JSON.stringify([[...response.headers], response.data])).not.toContain(SECRET);
  });

  it('is refused a second time with the same subject token, as any client sees it', async () => {
    const server = await discovered();
    const spent = await postern.issuer.mint('settler');
    const request = (): Promise<Response> =>
      oauth.genericTokenEndpointRequest(
        server,
        { client_id: 'settler' },
        oauth.None(),
        EXCHANGE,
        { subject_token: spent, subject_token_type: JWT, audience: 'ledger', scope: 'ledger.read' },
        { [oauth.allowInsecureRequests]: true },
      );
    expect((await request()).status).toBe(200);
    const again = await request();
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ error: 'invalid_request' });
  });
});
