import { mintHandle } from '#handles';
import { errorOf, StsEndpoint } from './sts-endpoint.js';

const INTROSPECT = '/oauth2/introspect';
const REVOKE = '/oauth2/revoke';

let endpoint: StsEndpoint;

beforeEach(async () => {
  endpoint = await StsEndpoint.start();
});
afterEach(() => endpoint.close());

const bearer = (plaintext: string) => ({ authorization: `Bearer ${plaintext}` });

async function introspected(presented: string): Promise<string> {
  const operator = await endpoint.sts.operatorHandle();
  const headers = bearer(operator.plaintext);
  const response = await endpoint.post(INTROSPECT, { token: presented }, headers);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return response.text();
}

describe('the introspection endpoint', () => {
  it.each([
    ['nobody', {}],
    ['a Basic secret', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['what is no handle', bearer('garbage')],
    ['a handle that was never issued', bearer(mintHandle('test').plaintext)],
  ])('I-01: challenges %s', async (_, headers) => {
    const response = await endpoint.post(INTROSPECT, { token: 'x' }, headers);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^(?:Bearer|Basic) realm=/);
    expect((await errorOf(response)).error).toBe('invalid_client');
  });

  it('I-01: challenges a handle for another resource, and forbids one without the scope', async () => {
    const { plaintext } = await endpoint.sts.issued();
    expect((await endpoint.post(INTROSPECT, { token: 'x' }, bearer(plaintext))).status).toBe(401);
    const reader = await endpoint.sts.operatorHandle(['admin.read']);
    const response = await endpoint.post(INTROSPECT, { token: 'x' }, bearer(reader.plaintext));
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('insufficient_scope');
  });

  it.each([
    ['no token', {}],
    ['two', { token: ['a', 'a'] }],
  ])('I-02: refuses %s', async (_, parameters) => {
    const { plaintext } = await endpoint.sts.operatorHandle();
    const response = await endpoint.post(INTROSPECT, parameters, bearer(plaintext));
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toBe('invalid_request');
  });

  it('I-03, X-23: says active: false about every handle that is not good, byte for byte', async () => {
    const { sts } = endpoint;
    const good = await sts.issued();
    const revoked = await sts.issued({ status: 'revoked' });
    const expired = await sts.issued({ expiresAt: sts.clock.now() });
    const used = await sts.issued({ maxCalls: 1, callsUsed: 1 });
    const orphan = await sts.issued({
      grant: { id: 'gone', version: 1, digest: 'd'.repeat(64), setDigest: 'a' },
    });
    const inactive = [
      revoked.plaintext,
      expired.plaintext,
      used.plaintext,
      orphan.plaintext,
      mintHandle('test').plaintext,
      mintHandle('other').plaintext,
      'garbage',
      good.plaintext.slice(0, -1),
      `${good.plaintext}=`,
      `${good.plaintext}0`,
      good.plaintext.toUpperCase(),
    ];
    for (const presented of inactive)
      expect(await introspected(presented)).toBe('{"active":false}');
    expect(JSON.parse(await introspected(good.plaintext))).toMatchObject({ active: true });
  });

  it('I-04: tells what a resource server needs, and no handle, token or path', async () => {
    const { plaintext, handle } = await endpoint.sts.issued();
    const answer = await introspected(plaintext);
    expect(answer).not.toContain(plaintext);
    expect(answer).not.toContain(handle.digest);
    expect(JSON.parse(answer)).toEqual({
      active: true,
      scope: 'ledger.read',
      client_id: 'workload-1',
      token_type: 'Bearer',
      exp: handle.expiresAt.getTime() / 1000,
      iat: handle.issuedAt.getTime() / 1000,
      sub: 'workload-1',
      aud: 'ledger',
      iss: 'https://postern.test',
      jti: handle.id,
      'urn:postern:handle': expect.objectContaining({
        subject_issuer: 'https://idp.test',
        environment: 'test',
        grant_id: 'workload-reads-ledger',
        pattern: 'federation',
      }) as unknown,
    });
  });

  it('I-05: finds a handle under any token_type_hint', async () => {
    const { plaintext } = await endpoint.sts.issued();
    const operator = await endpoint.sts.operatorHandle();
    const parameters = { token: plaintext, token_type_hint: 'refresh_token' };
    const response = await endpoint.post(INTROSPECT, parameters, bearer(operator.plaintext));
    expect(await response.json()).toMatchObject({ active: true });
  });

  it('I-06: sees that a handle was revoked a moment ago', async () => {
    const { sts } = endpoint;
    const { plaintext, handle } = await sts.issued();
    const { plaintext: operator } = await sts.operatorHandle();
    const ask = async (): Promise<unknown> =>
      (await endpoint.post(INTROSPECT, { token: plaintext }, bearer(operator))).json();
    expect(await ask()).toMatchObject({ active: true });
    await sts.handles.revoke({
      selector: { scope: 'handle', id: handle.id },
      at: sts.clock.now(),
      eventOf: () => sts.journal.events[0]!,
    });
    expect(await ask()).toEqual({ active: false });
  });

  it('answers 503 with Retry-After, and not inactive, while it cannot look', async () => {
    const { plaintext } = await endpoint.sts.operatorHandle();
    endpoint.sts.records.setReachable(false);
    const response = await endpoint.post(INTROSPECT, { token: plaintext }, bearer(plaintext));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
  });
});

describe('the revocation endpoint', () => {
  it.each([
    ['R-02 no token', {}],
    ['R-02 two', { token: ['a', 'a'] }],
  ])('refuses %s', async (_, parameters) => {
    const response = await endpoint.post(REVOKE, parameters);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toBe('invalid_request');
  });

  it('R-03, R-04, R-06, R-09: revokes at once, says no word, and tells it once', async () => {
    const { sts } = endpoint;
    const { plaintext } = await sts.issued();
    for (const hint of ['nonsense', undefined]) {
      const response = await endpoint.post(REVOKE, { token: plaintext, token_type_hint: hint });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
      expect(await introspected(plaintext)).toBe('{"active":false}');
    }
    expect(sts.journal.of('dev.postern.handle.revoked.v1')).toMatchObject([
      { scope: 'handle', initiator: 'subject' },
    ]);
  });

  it.each([
    ['unknown', mintHandle('test').plaintext],
    ['of another environment', mintHandle('other').plaintext],
    ['garbage', 'garbage'],
  ])('R-04: answers 200 for a handle that is %s', async (_, presented) => {
    const response = await endpoint.post(REVOKE, { token: presented });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(endpoint.sts.journal.events).toEqual([]);
  });

  it.each([
    ['the store', (one: StsEndpoint) => one.sts.records.setReachable(false)],
    ['the journal', (one: StsEndpoint) => one.sts.journal.setReachable(false)],
  ])('R-08: answers 503 with Retry-After, and not 200, without %s', async (_, cut) => {
    const { plaintext } = await endpoint.sts.issued();
    cut(endpoint);
    const response = await endpoint.post(REVOKE, { token: plaintext });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the metadata', () => {
  it('M-01 to M-03, M-05: says what this server does, and names nothing that it guards', async () => {
    const response = await endpoint.request('/.well-known/oauth-authorization-server');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      issuer: 'https://postern.test',
      token_endpoint: 'https://postern.test/oauth2/token',
      introspection_endpoint: 'https://postern.test/oauth2/introspect',
      revocation_endpoint: 'https://postern.test/oauth2/revoke',
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: [],
    });
    expect(text).not.toMatch(/ledger|archive|idp\.test|workload-reads-ledger|HS256/);
  });

  it('M-04: every endpoint that is named is there, and no other is', async () => {
    const response = await endpoint.request('/.well-known/oauth-authorization-server');
    const metadata = (await response.json()) as Record<string, unknown>;
    const named = Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint'));
    expect(named).toHaveLength(3);
    for (const [, url] of named) {
      const { pathname } = new URL(String(url));
      expect((await endpoint.post(pathname, {})).status).not.toBe(404);
    }
    for (const path of ['/oauth2/authorize', '/oauth2/register', '/oauth2/jwks', '/oauth2']) {
      expect((await endpoint.post(path, {})).status).toBe(404);
    }
  });
});
