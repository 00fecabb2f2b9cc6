import { request as httpRequest } from 'node:http';
import { type HttpHost, startHttpHost } from '#platform';
import { ExchangeUnderTest, formBody, type FormParameters } from '#testing';
import { StsModule } from './sts.module.js';

const FORM = 'application/x-www-form-urlencoded';

let sts: ExchangeUnderTest;
let host: HttpHost;
let faults: unknown[];

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  faults = [];
  host = await startHttpHost({
    module: StsModule.register({ ...sts.parts, onFault: (failure) => faults.push(failure) }),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });
});
afterEach(() => host.close(0));

const url = (path: string): string => `http://127.0.0.1:${host.address.port}${path}`;

const send = (init: RequestInit, path = '/oauth2/token'): Promise<Response> =>
  fetch(url(path), { method: 'POST', ...init });

const post = async (
  parameters: FormParameters = {},
  headers: Record<string, string> = {},
): Promise<Response> =>
  send({
    headers: { 'content-type': FORM, ...headers },
    body: formBody(await sts.baseline(parameters)),
  });

/** E(s,code) of the test plan. */
async function expectError(response: Response, status: number, error: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('pragma')).toBe('no-cache');
  const body = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(['error', 'error_description']);
  expect(body['error']).toBe(error);
  // T-11, RFC 6749 section 5.2.
  expect(body['error_description']).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(sts.records.handles.size).toBe(0);
}

it('T-06, X-24, X-25, X-27, X-28: answers R0 by a handle, and nothing else', async () => {
  const response = await post();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('pragma')).toBe('no-cache');
  const [handle] = [...sts.records.handles.values()];
  expect(await response.json()).toEqual({
    access_token: expect.stringMatching(/^pst_test_/) as string,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'ledger.read',
    handle_id: handle!.id,
  });
});

it('gives a correlation id of its own, which the events carry', async () => {
  const response = await post({}, { 'x-request-id': 'mine', 'postern-correlation-id': 'mine' });
  const correlationId = response.headers.get('postern-correlation-id');
  expect(correlationId).toMatch(/^req_[0-9A-Za-z]{22}$/);
  expect(new Set(sts.journal.events.map(({ correlationid }) => correlationid))).toEqual(
    new Set([correlationId]),
  );
});

it('tells the events who called: the peer, and what it calls itself', async () => {
  await post({}, { 'user-agent': 'a-workload/2.0', 'x-forwarded-for': '203.0.113.9' });
  expect(sts.permits[0]!.actor.client).toEqual({ ip: '127.0.0.1', user_agent: 'a-workload/2.0' });
});

it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])(
  'T-01: answers %s by 405 and what is allowed',
  async (method) => {
    const response = await send({ method }, '/oauth2/token?subject_token=secret');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.text()).not.toContain('secret');
    expect(sts.journal.events).toEqual([]);
  },
);

describe('answers invalid_request, with one event, to', () => {
  const cases: [string, () => Promise<Response>][] = [
    [
      'T-02 JSON',
      async () =>
        send({
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(await sts.baseline()),
        }),
    ],
    [
      'T-02 a content type that is none',
      () => send({ headers: { 'content-type': 'x' }, body: 'a' }),
    ],
    ['T-02 no body and no content type', () => send({})],
    ['T-03 two subject tokens', () => post({ subject_token: ['a.b.c', 'a.b.c'] })],
    ['T-04 an empty subject token', () => post({ subject_token: '' })],
    ['T-10 no grant type', () => post({ grant_type: undefined })],
    [
      'T-12 a subject token in the URL',
      async () =>
        send(
          { headers: { 'content-type': FORM }, body: formBody(await sts.baseline()) },
          '/oauth2/token?subject_token=secret',
        ),
    ],
    ['T-13 more than 64 KiB', () => post({ junk: 'x'.repeat(65_536) })],
    [
      'T-13 33 parameters',
      () => post(Object.fromEntries(Array.from({ length: 28 }, (_, n) => [`p${n}`, 'x']))),
    ],
    ['X-29 a token that is none', () => post({ subject_token: 'x' })],
  ];

  it.each(cases)('%s', async (_, attempt) => {
    await expectError(await attempt(), 400, 'invalid_request');
    expect(sts.denials).toHaveLength(1);
    expect(faults).toEqual([]);
  });
});

it.each([
  ['T-10 another grant type', 'unsupported_grant_type', { grant_type: 'foo' }],
  ['X-10 an unknown audience', 'invalid_target', { audience: 'nothing' }],
  ['X-16 a scope too many', 'invalid_scope', { scope: 'ledger.post' }],
] as [string, string, FormParameters][])('answers %s by %s', async (_, error, parameters) => {
  await expectError(await post(parameters), 400, error);
  expect(sts.denials).toHaveLength(1);
});

it('T-07: answers HTTP Basic by 401 and a challenge of that scheme', async () => {
  const response = await post({}, { authorization: 'Basic d29ya2xvYWQ6c2VjcmV0' });
  expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
  await expectError(response, 401, 'invalid_client');
});

it('T-08: answers a secret in the body by 401, the same for every client', async () => {
  const answers = await Promise.all(
    ['workload-1', 'unknown'].map((id) => post({ client_id: id, client_secret: 'x' })),
  );
  const bodies = await Promise.all(answers.map((answer) => answer.clone().text()));
  expect(new Set(bodies).size).toBe(1);
  for (const answer of answers) await expectError(answer, 401, 'invalid_client');
});

it('T-13: stops reading a body that is too large, and closes the connection', async () => {
  const { statusCode, closed, sent } = await sendWithoutEnd();
  expect(statusCode).toBe(400);
  expect(closed).toBe('close');
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  expect(sts.denials).toEqual([expect.objectContaining({ reason: 'malformed_request' })]);
});

it('answers by 503 and a time to try again when something is away, and says so to operators', async () => {
  sts.keys.setReachable(false);
  const response = await post();
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  await expectError(response, 503, 'temporarily_unavailable');
  expect(faults).toHaveLength(1);
});

it('forgets the uses of expired tokens when it starts', async () => {
  const use = [...sts.records.uses.values()];
  expect(use).toEqual([]);
  await sts.exchange();
  sts.clock.advance(86_400);
  await host.close(0);
  host = await startHttpHost({
    module: StsModule.register(sts.parts),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });
  expect(sts.records.uses.size).toBe(0);
});

/** Sends a form that does not end, until the answer comes. */
function sendWithoutEnd(): Promise<{ statusCode?: number; closed?: string; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const headers = { 'content-type': FORM, 'transfer-encoding': 'chunked' };
    const outgoing = httpRequest(url('/oauth2/token'), { method: 'POST', headers }, (answer) => {
      outgoing.off('drain', more);
      const { statusCode } = answer;
      answer.resume().once('close', () => {
        outgoing.destroy();
        resolve({ statusCode: statusCode!, closed: answer.headers.connection!, sent });
      });
    });
    const more = (): void => {
      sent += 16_384;
      if (outgoing.write('x'.repeat(16_384))) setImmediate(more);
    };
    outgoing.on('drain', more).on('error', reject);
    more();
  });
}
