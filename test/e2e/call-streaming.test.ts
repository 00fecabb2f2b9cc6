import { createHash } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { TEST_PASSWORD } from '#testing';
import { CallPath } from '../security/call-path.js';

const MIB = 1024 * 1024;
const DEADLINE_MS = 10_000;

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < DEADLINE_MS; waited += 5) {
    if (holds()) return;
    await pause(5);
  }
  throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
}

describe('a call', () => {
  let path: CallPath;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  beforeEach(async () => {
    path = await CallPath.start({
      respond: (incoming, response) => {
        respond(incoming, response);
      },
    });
    path.backend.streams = true;
  });
  afterEach(() => path.stop());

  async function open(
    method: string,
    target: string,
    headers: Record<string, string> = {},
  ): Promise<ClientRequest> {
    const { plaintext } = await path.parts.issue();
    return request({
      host: '127.0.0.1',
      port: path.port,
      path: target,
      method,
      agent: false,
      headers: { authorization: `Bearer ${plaintext}`, ...headers },
    });
  }
  const answered = (call: ClientRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => call.once('response', resolve).once('error', reject));
  const outcomes = (): string[] => path.parts.ledger.completed.map(({ data }) => data.outcome);

  /** Writes `total` bytes in chunks, as fast as the other side takes them. */
  const pour = (to: ServerResponse | ClientRequest, total: number): { written: number } => {
    const progress = { written: 0 };
    const chunk = Buffer.alloc(64 * 1024, 'the quick brown fox ');
    const more = (): void => {
      while (progress.written < total) {
        progress.written += chunk.length;
        if (!to.write(chunk)) {
          to.once('drain', more);
          return;
        }
      }
      to.end();
    };
    more();
    return progress;
  };

  it('streams a response: the first event arrives while the next is not there yet', async () => {
    let send: (text: string) => void = () => undefined;
    respond = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      send = (text) => response.write(text);
      send('data: 1\n\n');
    };
    const response = await answered((await open('GET', '/proxy/ledger/accounts/42')).end());
    const seen: string[] = [];
    response.setEncoding('utf8').on('data', (text: string) => seen.push(text));
    await until('the first event', () => seen.join('') === 'data: 1\n\n');
    send('data: 2\n\n');
    await until('the second event', () => seen.join('') === 'data: 1\n\ndata: 2\n\n');
    response.destroy();
    await until('the end', () => outcomes().length === 1);
  });

  it('holds the destination back while the caller does not read, in flat memory', async () => {
    let progress = { written: 0 };
    respond = (_, response) => {
      progress = pour(response, 64 * MIB);
    };
    const response = await answered((await open('GET', '/proxy/ledger/accounts/42')).end());
    let before = -1;
    while (before !== progress.written) {
      before = progress.written;
      await pause(150);
    }
    expect(progress.written).toBeLessThan(32 * MIB);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(64 * MIB);
    await until('the end', () => outcomes().length === 1);
    expect(path.parts.ledger.completed[0]!.data.bytes_out).toBe(64 * MIB);
  });

  it('holds the caller back while the destination does not read', async () => {
    path.parts.resources.set('ledger', {
      ...path.parts.resources.get('ledger')!,
      limits: { ...path.parts.resources.get('ledger')!.limits, requestBytesMax: 64 * MIB },
    });
    let incoming: IncomingMessage | undefined;
    respond = (one, response) => {
      incoming = one.pause();
      one.once('end', () => response.end('done'));
    };
    const call = await open('POST', '/proxy/ledger/entries');
    const done = answered(call);
    const progress = pour(call, 64 * MIB);
    await until('the request', () => incoming !== undefined);
    let before = -1;
    while (before !== progress.written) {
      before = progress.written;
      await pause(150);
    }
    expect(progress.written).toBeLessThan(32 * MIB);
    incoming!.resume();
    expect((await done).statusCode).toBe(200);
    (await done).resume();
    await until('the end', () => outcomes().length === 1);
    expect(path.parts.ledger.completed[0]!.data.bytes_in).toBe(64 * MIB);
  });

  it('carries ten MiB each way unchanged', async () => {
    const body = Buffer.alloc(10 * MIB, `${TEST_PASSWORD.slice(0, 12)} and more `);
    path.parts.resources.set('ledger', {
      ...path.parts.resources.get('ledger')!,
      limits: { ...path.parts.resources.get('ledger')!.limits, requestBytesMax: 10 * MIB },
    });
    respond = (incoming, response) => incoming.pipe(response);
    const call = await open('POST', '/proxy/ledger/entries', {
      'content-length': String(body.length),
    });
    const response = await answered(call.end(body));
    const hash = createHash('sha256');
    for await (const chunk of response) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'));
  });

  it('is aborted at the destination when the caller goes away', async () => {
    let closed = false;
    respond = (incoming, response) => {
      response.write('first');
      incoming.socket.once('close', () => (closed = true));
    };
    const response = await answered((await open('GET', '/proxy/ledger/accounts/42')).end());
    response.destroy();
    await until('the connection to the destination ends', () => closed);
    await until('the end', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['client_abort']);
  });

  it('is aborted at the destination when the caller goes away in mid-upload', async () => {
    let closed = false;
    respond = (incoming) => {
      incoming.resume();
      incoming.socket.once('close', () => (closed = true));
    };
    const call = await open('POST', '/proxy/ledger/entries', { 'content-length': '100' });
    call.on('error', () => undefined).write('half');
    await until('the request', () => path.backend.seen.length === 1);
    call.destroy();
    await until('the connection to the destination ends', () => closed);
    await until('the end', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['client_abort']);
  });

  it('is cut for the caller when the destination goes away: a part never passes for the whole', async () => {
    respond = (incoming, response) => {
      response.write('first', () => setTimeout(() => incoming.socket.destroy(), 50));
    };
    const response = await answered((await open('GET', '/proxy/ledger/accounts/42')).end());
    await expect(response.toArray()).rejects.toThrow(/aborted/);
    await until('the end', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['upstream_error']);
  });

  it('is answered before the upload is done, and the caller can read the answer', async () => {
    respond = (incoming, response) => {
      incoming.once('data', () => response.writeHead(409).end('enough'));
    };
    const call = await open('POST', '/proxy/ledger/entries', { 'content-length': '200000' });
    call.on('error', () => undefined).write(Buffer.alloc(1000));
    const response = await answered(call);
    expect(response.statusCode).toBe(409);
    expect(Buffer.concat((await response.toArray()) as Buffer[]).toString()).toBe('enough');
    call.destroy();
  });

  it('asks for an expected body only when it may be sent', async () => {
    respond = (incoming, response) => incoming.pipe(response);
    const headers = { expect: '100-continue', 'content-length': '5' };
    const call = await open('POST', '/proxy/ledger/entries', headers);
    call.once('continue', () => call.end('hello')).flushHeaders();
    const response = await answered(call);
    expect(Buffer.concat((await response.toArray()) as Buffer[]).toString()).toBe('hello');
    const refused = await open('POST', '/proxy/ledger/admin', headers);
    let continued = false;
    refused.once('continue', () => (continued = true)).flushHeaders();
    const refusal = await answered(refused.on('error', () => undefined));
    expect([refusal.statusCode, continued]).toEqual([403, false]);
    refused.destroy();
  });

  it('is refused when its announced body is too large: nothing is counted or sent', async () => {
    const call = await open('POST', '/proxy/ledger/entries', {
      'content-length': String(MIB + 1),
    });
    call.on('error', () => undefined).flushHeaders();
    const response = await answered(call);
    expect(response.statusCode).toBe(413);
    expect(path.backend.seen).toHaveLength(0);
    expect(path.parts.ledger.started).toHaveLength(0);
    call.destroy();
  });

  it('is ended when its chunked body turns out too large', async () => {
    respond = (incoming) => incoming.on('error', () => undefined).resume();
    const call = await open('POST', '/proxy/ledger/entries');
    const answer = answered(call);
    pour(
      call.on('error', () => undefined),
      2 * MIB,
    );
    expect((await answer).statusCode).toBe(413);
    call.destroy();
    await until('the end', () => outcomes().length === 1);
  });

  it('is answered 502 when the response is announced too large, and cut when it turns out so', async () => {
    const resource = path.parts.resources.get('ledger')!;
    const limits = { ...resource.limits, responseBytesMax: 1000 };
    path.parts.resources.set('ledger', { ...resource, limits });
    respond = (_, response) => {
      response.setHeader('content-length', 2000).end(Buffer.alloc(2000));
    };
    expect((await path.call('/proxy/ledger/accounts/42')).headers['postern-error']).toBe(
      'response-too-large',
    );
    respond = (_, response) => {
      response.write(Buffer.alloc(500));
      setTimeout(() => response.end(Buffer.alloc(1500)), 30);
    };
    await expect(path.call('/proxy/ledger/accounts/42')).rejects.toThrow(/aborted/);
    expect(outcomes()).toEqual(['response_cut', 'response_cut']);
  });
});
