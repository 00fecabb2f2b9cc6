import * as fc from 'fast-check';
import { type Injection } from '#injection';
import { describeWithServer } from '../support/describe-with-server.js';
import { verifyWithBotocore } from '../support/python-verifiers.js';
import { CallPath, type CallPathOptions } from './call-path.js';

type AwsInjection = Extract<Injection, { kind: 'aws-sigv4' }>;

const SECRET = {
  id: 'AKIDEXAMPLE',
  key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  token: 'IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==',
};
const LONG = process.env['POSTERN_TEST_VOLUME'] === 'long';
const PUT = { method: 'PUT', body: '{"amount":1,"of":"café"}' };

const awsInjection = (overrides: Partial<AwsInjection>): Injection => ({
  kind: 'aws-sigv4',
  accessKeyId: 'id',
  secretAccessKey: 'key',
  region: 'eu-central-1',
  service: 'execute-api',
  unsignedPayload: false,
  ...overrides,
});

const open: CallPath[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((path) => path.stop()));
});

const start = async (
  overrides: Partial<AwsInjection> = {},
  options: CallPathOptions = {},
): Promise<CallPath> => {
  const path = await CallPath.start({
    registration: { inject: awsInjection(overrides) },
    policy: { scopes: { 'ledger.read': ['GET /**', 'PUT /**'] } },
    secret: SECRET,
    ...options,
  });
  open.push(path);
  return path;
};

async function verdicts(path: CallPath, service = 'execute-api') {
  const arrived = await Promise.all(
    path.backend.seen.map(async ({ body, ...rest }) => ({
      ...rest,
      body: Buffer.from(await body).toString('base64'),
    })),
  );
  return verifyWithBotocore({
    ...{ accessKeyId: SECRET.id, secretAccessKey: SECRET.key, region: 'eu-central-1', service },
    arrived,
  });
}

const shown = (path: CallPath): string =>
  JSON.stringify([path.parts.journal, path.parts.ledger, path.problems]);

/** pchar of RFC 3986 without ";", and escapes that are no other spelling of what may not be escaped here. */
const pathText = fc.stringMatching(/^[A-Za-z0-9_~!$&'()*+,=:@-]{1,12}$/);
const segment = fc.oneof(pathText, fc.constantFrom('a%20b', 'caf%C3%A9', '%3A%3D', 'a%25', '%7e'));
/** One that is called __proto__ is refused, as no signer of AWS can sign it. */
const parameter = fc
  .stringMatching(
    /^[A-Za-z0-9_~!$'()*,:@/?[\]{}|"<>+.-]{1,10}(?:=(?:[a-z+=]|%20|%2[bB]|%C3%A9){0,4})?$/,
  )
  .filter((text) => !/^__proto__(?:=|$)/.test(text));

describeWithServer('AWS Signature Version 4, judged by botocore', 'botocore', () => {
  it('is right for every path, query, header and body', async () => {
    const path = await start();
    const calls = fc.sample(
      fc.record({
        segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
        query: fc.array(parameter, { maxLength: 5 }),
        meta: fc.stringMatching(/^[!-~]{1,8}(?: {0,2}[!-~]{1,8}){0,2}$/),
        body: fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined }),
      }),
      LONG ? 10_000 : 150,
    );
    const refused: unknown[] = [];
    for (const { segments, query, meta, body } of calls) {
      const answer = await path.call(`/proxy/ledger/${segments.join('/')}?${query.join('&')}`, {
        headers: { 'x-amz-meta-note': meta, 'content-type': 'text/plain; charset=utf-8' },
        ...(body === undefined ? {} : { method: 'PUT', body }),
      });
      if (answer.status !== 200) refused.push([segments, query, meta, body, answer.status]);
    }
    expect(refused).toEqual([]);
    expect(path.backend.seen).toHaveLength(calls.length);
    expect((await verdicts(path)).filter((verdict) => verdict !== null)).toEqual([]);
  });

  it('is right for S3, whose paths are escaped once: signed bodies, bodies that are not, session tokens', async () => {
    const objects = ['bucket/a%20b/c%3Ad%2Be.txt', 'bucket/year%3D2026/caf%C3%A9', 'bucket'];
    for (const unsignedPayload of [false, true]) {
      const path = await start({ service: 's3', unsignedPayload, sessionToken: 'token' });
      for (const object of objects) {
        await path.call(`/proxy/ledger/${object}?versionId=a%2Fb&acl&x-id=PutObject`, PUT);
        await path.call(`/proxy/ledger/${object}?list-type=2&prefix=`);
      }
      expect(path.backend.seen).toHaveLength(6);
      expect(await verdicts(path, 's3')).toEqual([null, null, null, null, null, null]);
      expect(path.backend.everything.includes('UNSIGNED-PAYLOAD')).toBe(unsignedPayload);
    }
  });

  it('is the one signature of the call: the own of the caller is gone, in headers and query', async () => {
    const path = await start();
    const headers = {
      'x-amz-date': '20200101T000000Z',
      'x-amz-security-token': 'of-the-caller',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-signature': '00',
    };
    await path.call('/proxy/ledger/a?X-Amz-Signature=00&X-Amz-Credential=mine&b=1', { headers });
    expect(await verdicts(path)).toEqual([null]);
    expect(path.backend.seen[0]?.url).toBe('/api/a?b=1');
    expect(path.backend.everything).not.toMatch(/of-the-caller|UNSIGNED|20200101/);
  });

  it('is wrong as soon as botocore has another key, a changed body or a changed target', async () => {
    const path = await start();
    await path.call('/proxy/ledger/a?b=1', PUT);
    const [sent] = path.backend.seen;
    const arrived = { ...sent!, body: Buffer.from(PUT.body).toString('base64') };
    const scope = { region: 'eu-central-1', service: 'execute-api', accessKeyId: SECRET.id };
    const ask = (one: Partial<typeof arrived>, secretAccessKey = SECRET.key) =>
      verifyWithBotocore({ ...scope, secretAccessKey, arrived: [{ ...arrived, ...one }] });
    expect(await ask({})).toEqual([null]);
    const wrong = [ask({}, 'another-key'), ask({ body: '' }), ask({ url: '/api/a?b=2' })];
    for (const [verdict] of await Promise.all(wrong)) expect(verdict).toMatch(/^another/);
  });
});

describe('a call that is signed for AWS', () => {
  it('gives neither key nor session token to the caller, to events or to problems', async () => {
    const path = await start(
      { sessionToken: 'token' },
      {
        respond: ({ rawHeaders }, response) => {
          response.setHeader('x-echo', rawHeaders.join(' '));
          response.end(JSON.stringify({ rawHeaders, key: SECRET.key }));
        },
      },
    );
    const answer = await path.call('/proxy/ledger/a', PUT);
    expect(answer.status).toBe(200);
    expect(path.backend.everything).toContain(SECRET.token);
    expect(path.backend.everything).not.toContain(SECRET.key);
    const told = JSON.stringify(answer) + shown(path);
    for (const secret of [SECRET.key, SECRET.token]) expect(told).not.toContain(secret);
  });

  it('is refused where its body is aws-chunked, before anything is sent', async () => {
    const path = await start({ service: 's3' });
    const headers = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
    const answer = await path.call('/proxy/ledger/bucket/a', { ...PUT, headers });
    expect([answer.status, answer.headers['postern-error']]).toEqual([400, 'unsuitable-request']);
    expect(path.backend.seen).toEqual([]);
    expect(answer.body + shown(path)).not.toContain(SECRET.key);
  });

  it('is refused where its body is larger than what is held, and streams where it is not signed', async () => {
    const body = Buffer.alloc(1024 * 1024 + 1, 'a');
    const limits = { policy: { scopes: { 'ledger.read': ['PUT /**'] } }, secret: SECRET };
    const call = { totalTimeoutMs: 10_000, connectTimeoutMs: 2_000, headersTimeoutMs: 5_000 };
    const inject = (unsignedPayload: boolean): CallPathOptions => ({
      ...limits,
      registration: {
        inject: awsInjection({ service: 's3', unsignedPayload }),
        call: {
          ...call,
          ...{ idleTimeoutMs: 5_000, requestBytesMax: 8 * 1024 * 1024, responseBytesMax: Infinity },
          ...{ concurrencyMax: 64, audit: 'strict' },
        },
      },
    });
    for (const [unsignedPayload, status] of [
      [false, 413],
      [true, 200],
    ] as const) {
      const path = await start({}, inject(unsignedPayload));
      const answer = await path.call('/proxy/ledger/bucket/a', { method: 'PUT', body });
      expect(answer.status).toBe(status);
    }
  });
});
