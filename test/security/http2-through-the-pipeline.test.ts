import { type IncomingMessage, type ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { TEST_PASSWORD } from '#testing';
import { http2Answer, Http2Path } from './http2-path.js';

const MIB = 1024 * 1024;
const ACCOUNT = '/proxy/ledger/accounts/42';
const DEADLINE_MS = 20_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < DEADLINE_MS; waited += 5) {
    if (holds()) return;
    await pause(5);
  }
  throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
}

const POLICY = {
  scopes: {
    'ledger.read': ['GET /accounts/**', 'HEAD /accounts/**'],
    'ledger.post': ['POST /entries'],
  },
};

describe('a call of HTTP/2', () => {
  let h2: Http2Path;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  beforeEach(async () => {
    respond = (_, response) => response.end('ok');
    h2 = await Http2Path.start({
      policy: POLICY,
      respond: (request, response) => respond(request, response),
    });
  });
  afterEach(() => h2.stop());
  const seen = () => h2.path.backend.seen;
  const headerOf = (name: string): string[] =>
    seen()[0]!.rawHeaders.filter(
      (_, index, all) => index % 2 === 1 && all[index - 1]!.toLowerCase() === name,
    );

  it('reaches the destination as one of HTTP/1.1, with the secret put on', async () => {
    const answer = await h2.call('GET', `${ACCOUNT}?a=%2F`, {
      headers: { 'x-note': 'caf\u00e9', cookie: ['a=1', 'b=2'], te: 'trailers' },
    });
    expect([answer.status, answer.body, answer.resetWith]).toEqual([200, 'ok', 0]);
    expect(seen().map(({ method, url }) => [method, url])).toEqual([
      ['GET', '/api/accounts/42?a=%2F'],
    ]);
    expect(headerOf('host')).toEqual([new URL(h2.path.backend.origin).host]);
    expect(headerOf('x-note')).toEqual(['caf\u00e9']);
    expect(headerOf('cookie')).toEqual(['a=1; b=2']);
    expect(headerOf('authorization')[0]).toMatch(/^Basic /);
    const names = seen()[0]!.rawHeaders.filter((_, index) => index % 2 === 0);
    expect(names.filter((name) => /^:|^te$|transfer|content-length/i.test(name))).toEqual([]);
    expect(h2.outcomes).toEqual(['ok']);
  });

  it('brings the answer back: each header, cookies apart, no status text, no secret', async () => {
    respond = (_, response) => {
      response.writeHead(404, 'Nothing Here', [
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'],
        ...['X-Twice', 'one', 'X-Twice', 'two', 'X-Latin', 'caf\u00e9'],
        ...['Connection', 'close', 'Keep-Alive', 'timeout=5', 'X-Echo', TEST_PASSWORD],
      ]);
      response.end(`no account, ${TEST_PASSWORD}`);
    };
    const { status, headers, body } = await h2.call('GET', ACCOUNT);
    expect(status).toBe(404);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['x-twice']).toBe('one, two');
    expect(headers['x-latin']).toBe('caf\u00e9');
    expect(headers).not.toHaveProperty('connection');
    expect(headers).not.toHaveProperty('keep-alive');
    expect(JSON.stringify([headers, body])).not.toContain(TEST_PASSWORD);
    expect(body).toMatch(/^no account, \*+$/);
  });

  it.each([
    ['of a known length', { 'content-length': 5 }, ['5'], []],
    ['of no known length', {}, [], ['chunked']],
  ])('sends a body %s', async (_, headers, lengths, encodings) => {
    const answer = await h2.call('POST', '/proxy/ledger/entries', { headers, body: 'a=b&c' });
    expect(answer.status).toBe(200);
    expect(await seen()[0]!.body).toBe('a=b&c');
    expect(headerOf('content-length')).toEqual(lengths);
    expect(headerOf('transfer-encoding')).toEqual(encodings);
  });

  it('is asked for an expected body when somebody reads it', async () => {
    const headers = { expect: '100-continue', 'content-length': 2 };
    const stream = await h2.open('POST', '/proxy/ledger/entries', headers, { endStream: false });
    stream.once('continue', () => stream.end('ab'));
    const answer = await http2Answer(stream);
    expect([answer.status, answer.continued]).toEqual([200, true]);
    expect(await seen()[0]!.body).toBe('ab');
  });

  it('is not asked for its body when it is refused by its head', async () => {
    const headers = { ':method': 'POST', ':path': '/proxy/ledger/entries' };
    const stream = h2.session.request(
      { ...headers, expect: '100-continue', 'content-length': 2 },
      { endStream: false },
    );
    const answer = await http2Answer(stream);
    expect([answer.status, answer.continued]).toEqual([401, false]);
    expect(answer.headers['postern-error']).toBe('missing-handle');
  });

  it.each([204, 304])('brings back an answer without a body: %i', async (status) => {
    respond = (_, response) => response.writeHead(status, { etag: '"1"' }).end();
    const answer = await h2.call('GET', ACCOUNT);
    expect([answer.status, answer.body, answer.resetWith]).toEqual([status, '', 0]);
    expect(answer.headers.etag).toBe('"1"');
  });

  it('answers HEAD with the head alone', async () => {
    respond = (_, response) => response.writeHead(200, { 'content-length': 12345 }).end();
    const answer = await h2.call('HEAD', ACCOUNT);
    expect([answer.status, answer.body, answer.resetWith]).toEqual([200, '', 0]);
    expect(answer.headers['content-length']).toBe('12345');
    expect(seen()[0]!.method).toBe('HEAD');
    const refused = await h2.call('HEAD', '/proxy/ledger/other');
    expect([refused.status, refused.body]).toEqual([403, '']);
  });

  it('brings back trailers, scrubbed', async () => {
    respond = (_, response) => {
      response.writeHead(200, { trailer: 'x-sum, x-echo' });
      response.write('body');
      response.addTrailers({ 'x-sum': 'abc', 'x-echo': TEST_PASSWORD });
      response.end();
    };
    const { body, trailers } = await h2.call('GET', ACCOUNT);
    expect(body).toBe('body');
    expect(trailers).toMatchObject({ 'x-sum': 'abc' });
    expect(JSON.stringify(trailers)).not.toContain(TEST_PASSWORD);
  });

  it('streams: the first event arrives while the next is not there yet', async () => {
    let send: (text: string) => void = () => undefined;
    respond = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      send = (text) => response.write(text);
      send('data: 1\n\n');
    };
    const stream = await h2.open('GET', ACCOUNT);
    let text = '';
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    await until('the first event', () => text === 'data: 1\n\n');
    send('data: 2\n\n');
    await until('the second event', () => text === 'data: 1\n\ndata: 2\n\n');
    stream.close(constants.NGHTTP2_CANCEL);
    await until('its end', () => h2.outcomes.length === 1);
    expect(h2.outcomes).toEqual(['client_abort']);
  });

  it('holds the destination back while the caller does not read', async () => {
    const [total, chunk] = [16 * MIB, Buffer.alloc(64 * 1024, 'x')];
    let written = 0;
    respond = (_, response) => {
      const more = (): void => {
        while (written < total) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    const stream = await h2.open('GET', ACCOUNT);
    stream.pause();
    await until('some of it', () => written > 0);
    await pause(200);
    expect(written).toBeLessThan(total);
    let read = 0;
    stream.on('data', (part: Buffer) => (read += part.length));
    stream.resume();
    await until('all of it', () => read === total);
  });

  it('holds the caller back while the destination does not read', async () => {
    h2.path.backend.streams = true;
    let incoming: IncomingMessage | undefined;
    respond = (request, response) => {
      incoming = request;
      request.once('end', () => response.end('taken'));
    };
    const total = 900 * 1024;
    const headers = { 'content-length': total };
    const stream = await h2.open('POST', '/proxy/ledger/entries', headers, { endStream: false });
    const answered = http2Answer(stream);
    stream.end(Buffer.alloc(total, 'x'));
    await until('the request', () => incoming !== undefined);
    await pause(100);
    let read = 0;
    incoming!.on('data', (part: Buffer) => (read += part.length));
    expect((await answered).body).toBe('taken');
    expect(read).toBe(total);
  });

  it('aborts the call at the destination when the caller resets its stream', async () => {
    let gone = false;
    respond = (request) => void request.once('close', () => (gone = true));
    const stream = await h2.open('GET', ACCOUNT);
    await until('the request', () => seen().length === 1);
    stream.close(constants.NGHTTP2_CANCEL);
    await until('the abort', () => gone);
    await until('its record', () => h2.outcomes.length === 1);
    expect(h2.outcomes).toEqual(['client_abort']);
    expect((await h2.call('GET', '/proxy/ledger/other')).status).toBe(403); // The connection goes on.
  });

  it('resets the stream, and not the connection, when the destination aborts its answer', async () => {
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('the first part');
      setTimeout(() => response.destroy(), 50);
    };
    const answer = await h2.call('GET', ACCOUNT);
    expect([answer.status, answer.resetWith]).toEqual([200, constants.NGHTTP2_INTERNAL_ERROR]);
    respond = (_, response) => response.end('ok');
    expect((await h2.call('GET', ACCOUNT)).body).toBe('ok');
  });

  it('answers what is larger than the resource takes, whether its length was announced or not', async () => {
    const body = Buffer.alloc(2 * MIB);
    const announced = await h2.call('POST', '/proxy/ledger/entries', {
      headers: { 'content-length': body.length },
      body,
    });
    expect([announced.status, seen().length]).toEqual([413, 0]);
    respond = (request, response) => void request.once('end', () => response.end('whole'));
    expect((await h2.call('POST', '/proxy/ledger/entries', { body })).status).toBe(413);
  });

  it('is one of many on its connection', async () => {
    respond = (request, response) => void setTimeout(() => response.end(request.url), 20);
    const calls = Array.from({ length: 50 }, (_, index) =>
      h2.call('GET', `/proxy/ledger/accounts/${index}`),
    );
    expect((await Promise.all(calls)).map(({ body }) => body)).toEqual(
      calls.map((_, index) => `/api/accounts/${index}`),
    );
  });
});
