import { type ProxiedResourceRegistration } from '#injection';
import { describeWithServer } from '#test-support';
import { Php, type PhpAnswer } from '../support/php.js';
import { type Answer, CallPath } from './call-path.js';

const API_KEY = 'the-api:key=1987/~+x';
const policy = { scopes: { 'ledger.read': ['GET /**', 'POST /**'] } };
const secret = { apiKey: API_KEY, keyId: 'ledger' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

const read = ({ status, body }: Answer): [number, PhpAnswer] => [
  status,
  JSON.parse(body) as PhpAnswer,
];

/** PHP finds cookies and parameters under more names than they were sent by: a caller could have ours read as its own. */
describeWithServer('the credential that PHP finds is ours', 'php', () => {
  let php: Php;
  let path: CallPath;

  beforeAll(async () => {
    php = await Php.start(API_KEY);
  });
  afterAll(() => php.stop());
  afterEach(() => path.stop());

  async function start(inject: ProxiedResourceRegistration['inject']): Promise<void> {
    const registration = { inject, destination: `${php.origin}/api` };
    path = await CallPath.start({ registration, policy, secret });
  }

  it('is not there when a call goes past us', async () => {
    await start({ kind: 'cookie', name: 'api_key', value: 'apiKey' });
    const direct = async (resource: string, init?: RequestInit): Promise<unknown> => {
      const response = await fetch(`${php.origin}/api/${resource}`, init);
      return [response.status, await response.json()];
    };
    const headers = { cookie: 'api.key=mine' };
    expect(await direct('cookie', { headers })).toEqual([403, { accepted: false, others: [] }]);
    const body = new URLSearchParams([['api key[]', 'mine']]);
    expect(await direct('form', { method: 'POST', body })).toEqual([
      403,
      { accepted: false, others: [] },
    ]);
  });

  it.each([
    ['none', undefined, []],
    ['others', 'theme=dark; sid=1', { theme: 'dark', sid: '1' }],
    ['the same', 'api_key=mine; sid=1', { sid: '1' }],
    ['what PHP takes for the same', 'api.key=1; api[key=2; api_key[a]=3; sid=1', { sid: '1' }],
  ])('as a cookie, where the caller sends %s', async (_, cookie, others) => {
    await start({ kind: 'cookie', name: 'api_key', value: 'apiKey' });
    const headers = cookie === undefined ? {} : { cookie };
    expect(read(await path.call('/proxy/ledger/cookie', { headers }))).toEqual([
      200,
      { accepted: true, others },
    ]);
  });

  it.each([
    ['a=1&b=%C3%A4', { a: '1', b: 'ä' }],
    ['api_key=mine&a=1&api_key=mine', { a: '1' }],
    ['api.key=1&api+key=2&api%5Bkey=3&api_key[]=4&%20api_key=5&api_key%00x=6&a=1', { a: '1' }],
  ])('as a parameter of the form %s', async (body, others) => {
    await start({ kind: 'body-field', format: 'form', name: 'api_key', value: 'apiKey' });
    const call = { method: 'POST', headers: FORM, body };
    expect(read(await path.call('/proxy/ledger/form', call))).toEqual([
      200,
      { accepted: true, others },
    ]);
  });

  it.each([
    ['{"n":12345678901234567890}', { n: '12345678901234567890', auth: [] }],
    ['{"auth":{"apiKey":"mine","user":"u"}}', { auth: { user: 'u' } }],
  ])('as a member of the JSON %s', async (body, others) => {
    await start({ kind: 'body-field', format: 'json', name: '/auth/apiKey', value: 'apiKey' });
    const call = { method: 'POST', headers: JSON_TYPE, body };
    expect(read(await path.call('/proxy/ledger/json', call))).toEqual([
      200,
      { accepted: true, others },
    ]);
  });

  it.each([
    ['GET', '', undefined],
    ['POST', '?a=1&b=%2F', 'the body'],
  ])('as a signature of a %s', async (method, query, body) => {
    await start({
      kind: 'hmac',
      algorithm: 'sha512',
      key: 'apiKey',
      keyEncoding: 'utf8',
      stringToSign: '{method}\n{target}\n{date}\n{nonce}\n{body-sha256-base64}',
      signatureEncoding: 'base64',
      header: { name: 'Authorization', template: 'HMAC {field:keyId}:{signature}' },
      dateHeader: { name: 'X-Date', format: 'rfc1123' },
      nonceHeader: 'X-Nonce',
      headers: [{ name: 'X-Key-Id', template: '{field:keyId}' }],
    });
    const headers = { 'x-date': 'mine', 'x-nonce': 'mine', x_key_id: 'mine' };
    const call = { method, headers, ...(body === undefined ? {} : { body }) };
    expect(read(await path.call(`/proxy/ledger/hmac${query}`, call))).toEqual([
      200,
      { accepted: true, others: null },
    ]);
  });

  it('does not come back when PHP shows what it was sent', async () => {
    await start({ kind: 'body-field', format: 'form', name: 'api_key', value: 'apiKey' });
    const answer = await path.call('/proxy/ledger/echo', {
      method: 'POST',
      headers: FORM,
      body: 'a=1',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^a=1&api_key=\*{8,}/);
    expect(answer.headers['x-echo']).toMatch(/"api_key":"\*{8,}"/);
    const everything = JSON.stringify([
      answer,
      path.parts.ledger.completed,
      path.problems.map(String),
    ]);
    for (const form of [API_KEY, encodeURIComponent(API_KEY), API_KEY.replace('/', '\\/')]) {
      expect(everything).not.toContain(form);
    }
  });
});

/** What is refused is refused before anything was sent. */
describe('a request that cannot take the credential', () => {
  let path: CallPath;
  afterEach(() => path.stop());
  const start = async (
    inject: ProxiedResourceRegistration['inject'],
    fields: Readonly<Record<string, string>> = secret,
  ): Promise<void> => {
    path = await CallPath.start({ registration: { inject }, policy, secret: fields });
  };

  it.each([
    ['no body', 'form', { method: 'GET' }],
    ['an empty body', 'form', { headers: FORM, body: '' }],
    ['another type', 'form', { headers: JSON_TYPE, body: '{}' }],
    ['no type', 'json', { body: '{}' }],
    [
      'a compressed body',
      'json',
      { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: '{}' },
    ],
    ['a body that is no JSON', 'json', { headers: JSON_TYPE, body: '{"a":1' }],
    [
      'a body with our member twice',
      'json',
      { headers: JSON_TYPE, body: '{"api_key":1,"api_key":2}' },
    ],
    ['a form with a bare percent sign', 'form', { headers: FORM, body: 'a=%' }],
  ] as const)('is refused with 400: %s', async (_, format, request) => {
    await start({ kind: 'body-field', format, name: 'api_key', value: 'apiKey' });
    const call = { method: 'POST', ...request };
    const answer = await path.call('/proxy/ledger/entries', call);
    expect([answer.status, answer.headers['postern-error']]).toEqual([400, 'unsuitable-request']);
    expect(path.backend.seen).toHaveLength(0);
    const denial = path.parts.journal.of('dev.postern.call.denied.v1').at(-1)!;
    expect(denial.reason).toBe('unsuitable_request');
    expect(JSON.stringify([answer, denial])).not.toContain(API_KEY);
  });

  it('is refused with 400: cookies out of the grammar', async () => {
    await start({ kind: 'cookie', name: 'api_key', value: 'apiKey' });
    const headers = { cookie: 'a="open; b=1' };
    const answer = await path.call('/proxy/ledger/entries', { headers });
    expect([answer.status, answer.headers['postern-error']]).toEqual([400, 'ambiguous-request']);
    expect(path.backend.seen).toHaveLength(0);
  });

  it('is refused with 413: a body that is larger than what is held', async () => {
    await start({ kind: 'body-field', format: 'form', name: 'api_key', value: 'apiKey' });
    const call = { method: 'POST', headers: FORM, body: Buffer.alloc(1024 * 1024 + 1, 'a') };
    expect((await path.call('/proxy/ledger/entries', call)).status).toBe(413);
    expect(path.backend.seen).toHaveLength(0);
  });

  it.each([
    ['cookie', { kind: 'cookie', name: 'api_key', value: 'apiKey' }, 'no cookie; 1987'],
    [
      'key',
      {
        kind: 'hmac',
        algorithm: 'sha256',
        key: 'apiKey',
        keyEncoding: 'base64',
        stringToSign: '{method}',
        signatureEncoding: 'hex',
        header: { name: 'X-Signature', template: '{signature}' },
      },
      'no base64; 1987',
    ],
  ] as const)('is refused with 500 when the secret is no %s', async (_, inject, value) => {
    await start(inject, { apiKey: value });
    const answer = await path.call('/proxy/ledger/entries');
    expect([answer.status, answer.headers['postern-error']]).toEqual([500, 'credential-unusable']);
    expect(path.backend.seen).toHaveLength(0);
    const denial = path.parts.journal.of('dev.postern.call.denied.v1').at(-1)!;
    expect(denial.detail).toContain('field "apiKey" of the secret');
    expect(JSON.stringify([answer, denial, path.problems.map(String)])).not.toContain(value);
  });

  it('never holds the key of a signature, sent or refused', async () => {
    const key = Buffer.from('the-signing-key-1987').toString('base64');
    await start(
      {
        kind: 'hmac',
        algorithm: 'sha256',
        key: 'key',
        keyEncoding: 'base64',
        stringToSign: '{method} {target} {body-sha256}',
        signatureEncoding: 'hex',
        header: { name: 'X-Signature', template: '{signature}' },
      },
      { key },
    );
    const answer = await path.call('/proxy/ledger/entries', { method: 'POST', body: 'x' });
    expect(answer.status).toBe(200);
    const seen = path.backend.seen[0]!;
    expect(
      seen.rawHeaders.filter((_, index) => seen.rawHeaders[index - 1] === 'X-Signature'),
    ).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(path.backend.everything).not.toMatch(new RegExp(`${key}|the-signing-key`));
  });
});
