import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { formBody } from '#testing';
import { errorOf, StsEndpoint } from './sts-endpoint.js';

const TOKEN = '/oauth2/token';
const INTROSPECT = '/oauth2/introspect';
const REVOKE = '/oauth2/revoke';
const FORM = 'application/x-www-form-urlencoded';
let endpoint: StsEndpoint;

beforeEach(async () => {
  endpoint = await StsEndpoint.start();
});
afterEach(() => endpoint.close());

describe('the token endpoint', () => {
  it('T-06, X-24 to X-28: answers with a handle, uncached, and nothing to refresh it', async () => {
    const response = await endpoint.post(TOKEN, await endpoint.sts.baseline());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('pragma')).toBe('no-cache');
    expect(response.headers.get('postern-correlation-id')).toMatch(/^req_/);
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^pst_test_[0-9A-Za-z]{49}$/) as string,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 300,
      scope: 'ledger.read',
      handle_id: expect.stringMatching(/^hdl_/) as string,
    });
  });

  it('tells the correlation id of the event, and takes none over', async () => {
    const headers = { 'postern-correlation-id': 'req_mine', 'x-request-id': 'req_mine' };
    const response = await endpoint.post(TOKEN, await endpoint.sts.baseline(), headers);
    const told = response.headers.get('postern-correlation-id');
    expect(told).not.toBe('req_mine');
    expect(endpoint.sts.journal.events.map(({ correlationid }) => correlationid)).toEqual([
      told,
      told,
    ]);
  });

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'T-01, I-02: refuses %s',
    async (method) => {
      const query = formBody(await endpoint.sts.baseline());
      for (const path of [TOKEN, INTROSPECT, REVOKE]) {
        const response = await endpoint.request(`${path}?${query}`, { method });
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
        expect(await response.text()).toBe('');
      }
      expect(endpoint.sts.journal.events).toEqual([]);
    },
  );

  it.each(['subject_token', 'client_secret', 'x'])(
    'T-12: refuses %s in the URL, and keeps it nowhere',
    async (name) => {
      const baseline = await endpoint.sts.baseline();
      const response = await endpoint.post(`${TOKEN}?${name}=in-the-url`, baseline);
      expect(response.status).toBe(400);
      expect((await errorOf(response)).error).toBe('invalid_request');
      expect(endpoint.sts.denials).toHaveLength(1);
      expect(JSON.stringify(endpoint.sts.journal.events)).not.toContain('in-the-url');
    },
  );

  it.each([
    ['T-02 JSON', '{"grant_type":"x"}', 'application/json'],
    ['no content type', 'grant_type=x', undefined],
    ['no body', undefined, undefined],
    ['an empty form', '', FORM],
    ['a content type that is none', 'grant_type=x', ';;;'],
    ['half a content type', 'grant_type=x', 'application'],
    ['a content type of two', 'grant_type=x', `${FORM}, ${FORM}`],
    ['multipart without a boundary', 'grant_type=x', 'multipart/form-data'],
    ['a malformed percent sequence', 'grant_type=%zz', FORM],
    ['bytes that are no UTF-8', 'grant_type=%ff%fe', FORM],
    ['T-13 a body above 64 KiB', `subject_token=${'x'.repeat(65_536)}`, FORM],
    [
      'T-13 more than 32 parameters',
      Array.from({ length: 33 }, (_, n) => `p${n}=1`).join('&'),
      FORM,
    ],
  ])('refuses %s as invalid_request, with its event', async (_, body, contentType) => {
    const response = await endpoint.postBody(TOKEN, body, contentType);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toBe('invalid_request');
    expect(endpoint.sts.denials.map(({ reason }) => reason)).toEqual(['malformed_request']);
    expect(endpoint.sts.keys.questions).toBe(0);
  });

  it('T-13: answers for a body above 64 KiB before all of it has come', async () => {
    const socket = connect(endpoint.port, '127.0.0.1');
    const head = `POST ${TOKEN} HTTP/1.1\r\nHost: a\r\nContent-Type: ${FORM}\r\n`;
    socket.write(`${head}Content-Length: 10000000\r\n\r\n${'x'.repeat(70_000)}`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 4(?:00|13) /);
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('T-13: refuses a header above 16 KiB', async () => {
    const socket = connect(endpoint.port, '127.0.0.1');
    socket.write(`POST ${TOKEN} HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('T-11, X-29: says the same about every token that is not acceptable, and nothing of it', async () => {
    const { sts } = endpoint;
    const spent = await sts.mint();
    await endpoint.post(TOKEN, await sts.baseline({ subject_token: spent }));
    const tokens = [
      spent,
      'no token at all "\\',
      await sts.mint({ iss: 'https://evil.test' }),
      await sts.mint({ aud: 'https://other.test' }),
      await sts.mint({ exp: 1 }),
      await sts.mint({ nbf: 4_000_000_000 }),
      `${(await sts.mint()).slice(0, -6)}AAAAAA`,
    ];
    const answers = new Set<string>();
    for (const token of tokens) {
      const response = await endpoint.post(TOKEN, await sts.baseline({ subject_token: token }));
      expect(response.status).toBe(400);
      answers.add(JSON.stringify(await errorOf(response)));
    }
    expect(answers.size).toBe(1);
  });

  it('X-10: says the same about a resource that is unknown and one that is not granted', async () => {
    const { sts } = endpoint;
    const answers = await Promise.all(
      ['nowhere', 'archive'].map(async (audience) =>
        errorOf(await endpoint.post(TOKEN, await sts.baseline({ audience }))),
      ),
    );
    expect(answers[0]!.error).toBe('invalid_target');
    expect(answers[1]).toEqual(answers[0]);
  });

  it('T-07, T-08: refuses a client secret, in a header or in the body', async () => {
    const basic = await endpoint.post(TOKEN, await endpoint.sts.baseline(), {
      authorization: 'Basic dXNlcjpwYXNz',
    });
    expect(basic.status).toBe(401);
    expect(basic.headers.get('www-authenticate')).toMatch(/^Basic /);
    const secret = { client_id: 'a', client_secret: 'in-the-body' };
    const body = await endpoint.post(TOKEN, await endpoint.sts.baseline(secret));
    expect(body.status).toBe(401);
    expect((await errorOf(body)).error).toBe('invalid_client');
    expect(JSON.stringify(endpoint.sts.journal.events)).not.toMatch(/in-the-body|dXNlcjpwYXNz/);
  });

  it('T-09: refuses two ways of client authentication at once', async () => {
    const assertion = { client_assertion: await endpoint.sts.mint(), client_assertion_type: 'x' };
    const parameters = await endpoint.sts.baseline(assertion);
    const headers = { authorization: 'Basic dXNlcjpwYXNz' };
    const response = await endpoint.post(TOKEN, parameters, headers);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toBe('invalid_request');
  });

  it.each([
    ['the handle store', (one: StsEndpoint) => one.sts.records.setReachable(false)],
    ['the journal', (one: StsEndpoint) => one.sts.journal.setReachable(false)],
    ['the keys of the issuer', (one: StsEndpoint) => one.sts.keys.setReachable(false)],
  ])('answers 503 with Retry-After while it cannot reach %s', async (_, cut) => {
    cut(endpoint);
    const response = await endpoint.post(TOKEN, await endpoint.sts.baseline());
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await errorOf(response)).error).toBe('temporarily_unavailable');
    expect(endpoint.faults).toHaveLength(1);
  });

  it('T-15: gives one handle to 100 that present one token at once', async () => {
    const parameters = await endpoint.sts.baseline();
    const responses = await Promise.all(
      Array.from({ length: 100 }, () => endpoint.post(TOKEN, parameters)),
    );
    const statuses = responses.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(99);
    expect(endpoint.sts.denials.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 99 }, () => 'replayed'),
    );
  });
});
