import { type IncomingMessage, type ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TEST_PASSWORD, TEST_USERNAME } from '#testing';
import { CallPath } from './call-path.js';

const PAIR = `${TEST_USERNAME}:${TEST_PASSWORD}`;
const FORMS: readonly (readonly [string, string])[] = [
  ['as it is', TEST_PASSWORD],
  ['as Basic credentials', `Basic ${Buffer.from(PAIR).toString('base64')}`],
  ['in base64', Buffer.from(TEST_PASSWORD).toString('base64')],
  ['in the middle of base64', Buffer.from(`x${TEST_PASSWORD}y`).toString('base64url')],
  ['percent-encoded', encodeURIComponent(TEST_PASSWORD)],
  ['in JSON', JSON.stringify({ p: TEST_PASSWORD })],
  ['in hexadecimal', Buffer.from(TEST_PASSWORD).toString('hex')],
];

/** Response echoes the secret: agent-vault #258, praxis #850. */
describe('the secret does not come back', () => {
  let path: CallPath;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;

  beforeAll(async () => {
    path = await CallPath.start({
      respond: (request, response) => {
        respond(request, response);
      },
    });
  });
  afterAll(() => path.stop());
  const leaked = (text: string): boolean =>
    FORMS.some(([, form]) => text.includes(form)) ||
    text.includes(Buffer.from(TEST_PASSWORD).toString('base64').slice(0, 24));

  it.each(FORMS)('in a body, %s', async (_, form) => {
    respond = (_request, response) => response.end(`before ${form} after`);
    const { body, status } = await path.call('/proxy/ledger/accounts/42');
    expect(status).toBe(200);
    expect(body).toMatch(/^before .*\*{8}.* after$/);
    expect(body).toHaveLength(`before ${form} after`.length);
    expect(leaked(body)).toBe(false);
  });

  it.each(FORMS)('in a body that arrives byte by byte, %s', async (_, form) => {
    respond = (_request, response) => {
      const bytes = [...Buffer.from(`before ${form} after`)];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) response.end();
        else response.write(Buffer.from([byte]), () => setImmediate(next));
      };
      next();
    };
    const { body } = await path.call('/proxy/ledger/accounts/42');
    expect(body).toMatch(/^before .* after$/);
    expect(leaked(body)).toBe(false);
  });

  it.each(FORMS)('in headers, trailers and the reason, %s', async (_, form) => {
    respond = (_request, response) => {
      response.writeHead(200, form, [
        'X-Debug',
        form,
        'Set-Cookie',
        `a=${form}`,
        'Server-Timing',
        form,
      ]);
      response.write('x');
      response.addTrailers([['X-End', form]]);
      response.end();
    };
    const { plaintext } = await path.parts.issue();
    const raw = await path.raw(
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer ${plaintext}\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 200 .*\*{8}/);
    expect(raw).toMatch(/X-Debug: .*\*{8}/);
    expect(raw).toMatch(/X-End: .*\*{8}/);
    expect(leaked(raw)).toBe(false);
  });

  it('counts what it found in the event of the call, as a warning', async () => {
    respond = (_request, response) => response.end(`${TEST_PASSWORD} and ${TEST_PASSWORD}`);
    await path.call('/proxy/ledger/accounts/42');
    const event = path.parts.ledger.completed.at(-1)!;
    expect([event.severitytext, event.data.scrubbed, event.data.outcome]).toEqual([
      'WARN',
      2,
      'ok',
    ]);
  });

  it('asks the destination for plain bytes, whatever the caller accepts', async () => {
    respond = (request, response) => response.end(request.headers['accept-encoding']);
    const headers = { 'accept-encoding': 'gzip, br' };
    expect((await path.call('/proxy/ledger/accounts/42', { headers })).body).toBe('identity');
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('in a body that comes in %s all the same', async (coding, compress) => {
    respond = (_request, response) => {
      const body = compress(`before ${TEST_PASSWORD} after`);
      response.writeHead(200, {
        'content-encoding': coding,
        'content-length': body.length,
        etag: '"1"',
      });
      response.end(body);
    };
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect(answer.body).toBe(`before ${'*'.repeat(TEST_PASSWORD.length)} after`);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers.etag).toBe('W/"1"');
  });

  it.each(['zstd', 'compress', 'gzip, aes128gcm'])(
    'in a body in %s, which nobody here can read: nothing of it is passed on',
    async (coding) => {
      respond = (_request, response) => {
        response.writeHead(200, { 'content-encoding': coding }).end(TEST_PASSWORD);
      };
      const answer = await path.call('/proxy/ledger/accounts/42');
      expect([answer.status, answer.headers['postern-error']]).toEqual([
        502,
        'unscrubbable-encoding',
      ]);
      expect(leaked(answer.body)).toBe(false);
    },
  );

  it('in a body that is not in the coding that it names', async () => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(TEST_PASSWORD);
    };
    await expect(path.call('/proxy/ledger/accounts/42')).rejects.toThrow();
    expect(path.parts.ledger.completed.at(-1)!.data.outcome).toBe('response_cut');
  });

  it('in two ranges that cut it: a range is cut from the scrubbed whole', async () => {
    const whole = `0123456789${TEST_PASSWORD}0123456789`;
    respond = (request, response) => {
      expect(request.headers.range).toBeUndefined();
      response
        .writeHead(200, { 'accept-ranges': 'bytes', 'content-length': whole.length })
        .end(whole);
    };
    const part = async (range: string): Promise<string> => {
      const answer = await path.call('/proxy/ledger/accounts/42', { headers: { range } });
      expect([answer.status, answer.headers['content-length']]).toEqual([
        206,
        String(answer.body.length),
      ]);
      return answer.body;
    };
    const parts = [await part('bytes=0-19'), await part('bytes=20-29'), await part('bytes=30-')];
    expect(parts.join('')).toBe(`0123456789${'*'.repeat(TEST_PASSWORD.length)}0123456789`);
    expect(await part('bytes=-4')).toBe('6789');
  });

  it('in a part that the destination sends unasked', async () => {
    respond = (_request, response) => response.writeHead(206).end(TEST_PASSWORD.slice(0, 12));
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(502);
  });

  it('in a compressed transfer coding', async () => {
    respond = (_request, response) => {
      response.socket!.end(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\nxx',
      );
    };
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(502);
  });

  it('and what is not the secret comes back byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * 7) % 256));
    respond = (_request, response) => response.end(bytes);
    const { body } = await path.call('/proxy/ledger/accounts/42');
    expect(Buffer.from(body, 'latin1').equals(bytes)).toBe(true);
  });
});

describe('scrub: buffer', () => {
  let path: CallPath;
  let body = '';
  beforeAll(async () => {
    path = await CallPath.start({
      registration: { response: { scrub: 'buffer' } },
      respond: (_, response) => {
        response.write('first, ');
        response.end(body);
      },
    });
  });
  afterAll(() => path.stop());

  it('drops a response that holds the secret, and says so', async () => {
    body = TEST_PASSWORD;
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([502, 'secret-in-response']);
    expect(answer.body).not.toContain('first');
    expect(path.parts.ledger.completed.at(-1)!.data).toMatchObject({
      outcome: 'response_cut',
      scrubbed: 1,
    });
  });

  it('passes any other with its length', async () => {
    body = 'second';
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.body, answer.headers['content-length']]).toEqual(['first, second', '13']);
  });
});

describe('scrub: off', () => {
  it('passes everything, for a secret that is too short to be looked for', async () => {
    const path = await CallPath.start({
      registration: { response: { scrub: 'off' } },
      secret: { username: 'u', password: 'short' },
      respond: (_, response) => response.end('short'),
    });
    expect((await path.call('/proxy/ledger/accounts/42')).body).toBe('short');
    await path.stop();
  });

  it('is the only way to use such a secret', async () => {
    const path = await CallPath.start({ secret: { username: 'u', password: 'short' } });
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([500, 'credential-unusable']);
    expect(path.backend.seen).toHaveLength(0);
    await path.stop();
  });
});
