import { Secret } from '#kernel';
import { codePoint, FixedClock } from '#testing';
import * as fc from 'fast-check';
import { type AwsSigV4 } from '../injection.js';
import { injectAwsSigV4 } from './aws-sigv4.js';
import { type Injector, type OutgoingDraft } from './injector.js';

/** The account, the time and the scope of AWS' Signature Version 4 test suite. */
const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const FIELDS = { id: 'AKIDEXAMPLE', key: SECRET_KEY };
const SUITE_TIME = new Date('2015-08-30T12:36:00Z');
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Parts {
  readonly injection?: Partial<AwsSigV4>;
  readonly fields?: Readonly<Record<string, string>>;
  readonly draft?: Partial<OutgoingDraft>;
  readonly now?: Date;
}

function injector({ injection, fields = FIELDS, now = SUITE_TIME }: Parts): Injector {
  return injectAwsSigV4(
    {
      kind: 'aws-sigv4',
      accessKeyId: 'id',
      secretAccessKey: 'key',
      region: 'us-east-1',
      service: 'service',
      unsignedPayload: false,
      ...injection,
    },
    new Map(Object.entries(fields).map(([name, value]) => [name, Secret.of(value)])),
    { clock: new FixedClock(now) },
  );
}

async function signed(parts: Parts = {}): Promise<OutgoingDraft> {
  const draft: OutgoingDraft = {
    method: 'GET',
    path: '/',
    query: '',
    headers: ['host', 'example.amazonaws.com'],
    body: undefined,
    ...parts.draft,
  };
  await injector(parts).inject(draft);
  return draft;
}

const header = ({ headers }: OutgoingDraft, wanted: string): string | undefined =>
  headers.find((_, index) => index % 2 === 1 && headers[index - 1] === wanted);
const signature = (draft: OutgoingDraft): string | undefined =>
  /Signature=([0-9a-f]{64})$/.exec(header(draft, 'authorization') ?? '')?.[1];
const signedNames = (draft: OutgoingDraft): string | undefined =>
  /SignedHeaders=([^,]*),/.exec(header(draft, 'authorization') ?? '')?.[1];

describe('AWS Signature Version 4: the published test suite', () => {
  const vectors: [string, Partial<OutgoingDraft>, string][] = [
    ['get-vanilla', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      { query: 'Param2=value2&Param1=value1' },
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'post-vanilla',
      { method: 'POST' },
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-x-www-form-urlencoded',
      {
        method: 'POST',
        headers: [
          ...['host', 'example.amazonaws.com'],
          ...['Content-Type', 'application/x-www-form-urlencoded'],
        ],
        body: Buffer.from('Param1=value1'),
      },
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ];
  it.each(vectors)('%s', async (_, draft, expected) => {
    expect(signature(await signed({ draft }))).toBe(expected);
  });

  it('writes the header as the suite has it', async () => {
    expect(header(await signed(), 'authorization')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, ' +
        'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    );
  });
});

/** "Signature Calculations for the Authorization Header", Amazon S3 API Reference: each of its examples. */
describe('AWS Signature Version 4: the examples of Amazon S3', () => {
  const s3: Parts = {
    injection: { service: 's3' },
    fields: { id: 'AKIAIOSFODNN7EXAMPLE', key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    now: new Date('2013-05-24T00:00:00Z'),
  };
  const headers = ['host', 'examplebucket.s3.amazonaws.com'];
  it.each([
    [
      'a subresource',
      { query: 'lifecycle' },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a list of objects',
      { query: 'max-keys=2&prefix=J' },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('%s', async (_, draft, expected) => {
    const sent = await signed({ ...s3, draft: { headers: [...headers], ...draft } });
    expect(signature(sent)).toBe(expected);
    expect(header(sent, 'x-amz-content-sha256')).toBe(EMPTY_SHA256);
    expect(sent.query).toBe(draft.query);
  });
});

describe('a request that is signed for AWS', () => {
  it('is signed for S3 by the path that S3 decodes, whichever way it is escaped, and sent as it was', async () => {
    const of = (path: string, service: string) =>
      signed({ injection: { service }, draft: { path } });
    const raw = await of("/bucket/year=2026/a:b@c!'.txt", 's3');
    const escaped = await of('/bucket/year%3D2026/a%3Ab%40c%21%27.txt', 's3');
    expect(signature(raw)).toBe(signature(escaped));
    expect(raw.path).toBe("/bucket/year=2026/a:b@c!'.txt");
    expect(signature(await of('/a=b', 'es'))).not.toBe(signature(await of('/a%3Db', 'es')));
  });

  it('carries the session token, signed, and hides key and token', async () => {
    const parts = {
      injection: { sessionToken: 'token' },
      fields: { ...FIELDS, token: 'IQoJb3JpZ2luX2Vj/session+token==' },
    };
    const sent = await signed(parts);
    expect(header(sent, 'x-amz-security-token')).toBe(parts.fields.token);
    expect(signedNames(sent)).toBe('host;x-amz-date;x-amz-security-token');
    expect(injector(parts).confidential).toEqual([SECRET_KEY, parts.fields.token]);
    expect(JSON.stringify(sent.headers)).not.toContain(SECRET_KEY);
  });

  it('has only one signature: what the caller signed with is taken out', async () => {
    const sent = await signed({
      draft: {
        query:
          'a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAOTHER%2F20150830%2Fus-east-1' +
          '&X-Amz-Date=20150830T000000Z&X-Amz-Expires=60&x-amz-signedheaders=host' +
          '&X%2DAmz-Signature=00&X-Amz-Security-Token=other&AWSAccessKeyId=AKIAOTHER',
        headers: ['host', 'example.amazonaws.com', 'X-Amz-Content-Sha256', EMPTY_SHA256],
      },
    });
    expect(sent.query).toBe('a=1');
    expect(header(sent, 'X-Amz-Content-Sha256')).toBeUndefined();
    const one = injector({});
    const dropped = ['x-amz-date', 'x-amz-security-token', 'x-amz-signature', 'date'];
    expect(dropped.map((name) => one.replaces(name))).toEqual([true, true, true, true]);
    expect(['x-amz-target', 'content-type'].map((name) => one.replaces(name))).toEqual([
      false,
      false,
    ]);
  });

  it('signs every X-Amz header that goes out, also one that comes twice, and the content type', async () => {
    const sent = await signed({
      draft: {
        method: 'POST',
        headers: [
          ...['host', 'example.amazonaws.com', 'X-Amz-Target', 'Ledger.Get', 'Accept', '*/*'],
          ...['X-Amz-Meta-A', '1', 'X-Amz-Meta-A', '2', 'Content-Type', 'application/json'],
          ...['X_Amz_Target', 'Ledger.Drop'],
        ],
      },
    });
    expect(signedNames(sent)).toBe('content-type;host;x-amz-date;x-amz-meta-a;x-amz-target');
    expect(sent.headers).not.toContain('Ledger.Drop');
    expect(sent.headers).toContain('*/*');
  });

  it.each([
    ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
    ['Content-Encoding', 'gzip, aws-chunked'],
    ['X-Amz-Trailer', 'x-amz-checksum-crc32'],
    ['X-Amz-Decoded-Content-Length', '12'],
  ])('is not made of an aws-chunked body: %s', async (name, value) => {
    const draft = { method: 'PUT', headers: ['host', 'example.amazonaws.com', name, value] };
    await expect(signed({ draft })).rejects.toMatchObject({ code: 'unsuitable-request' });
  });

  it.each([
    ['a signed header that is not ASCII', { headers: ['host', 'h', 'X-Amz-Meta-A', 'caf\u00e9'] }],
    ['a parameter that JavaScript cannot hold', { query: '__proto__=1' }],
    ['257 parameters', { query: Array.from({ length: 257 }, (_, one) => `p${one}`).join('&') }],
  ])('is refused with %s', async (_, draft) => {
    await expect(signed({ draft })).rejects.toMatchObject({ code: 'unsuitable-request' });
  });

  it('streams a body that is not signed, and says so', async () => {
    const injection = { service: 's3', unsignedPayload: true };
    expect(injector({ injection }).holdsBody).toBe(false);
    expect(injector({}).holdsBody).toBe(true);
    expect(header(await signed({ injection }), 'x-amz-content-sha256')).toBe('UNSIGNED-PAYLOAD');
  });

  it('is sent with the query in the order and with the values of the caller', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: codePoint }), fc.string({ unit: codePoint })), {
          maxLength: 12,
        }),
        async (pairs) => {
          const wanted = pairs.filter(
            ([name]) => name !== '__proto__' && !/^(?:x-amz-|awsaccesskeyid$)/i.test(name),
          );
          const query = new URLSearchParams(wanted).toString();
          const sent = await signed({ draft: { query } });
          expect([...new URLSearchParams(sent.query)]).toEqual(wanted);
          expect(sent.query).toMatch(/^[A-Za-z0-9\-._~%&=]*$/);
        },
      ),
      { numRuns: process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 200 },
    ));
});

describe('a secret that AWS would not know', () => {
  it.each([
    ['an access key id with a separator', { id: 'AKID/EXAMPLE', key: SECRET_KEY }],
    ['no secret key', { id: 'AKIDEXAMPLE' }],
  ])('%s is refused, and its value is not told', (_, fields) => {
    const make = (): unknown => injector({ fields });
    expect(make).toThrow(/field "(?:id|key)"/);
    expect(make).not.toThrow(/AKID/);
  });
});
