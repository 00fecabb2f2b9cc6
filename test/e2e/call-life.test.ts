import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CallPath } from '../security/call-path.js';

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
  });
  afterEach(() => path.stop());
  const outcomes = (): string[] => path.parts.ledger.completed.map(({ data }) => data.outcome);

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s answered with %i has no body and keeps its headers', async (method, status) => {
    respond = (_, response) => response.writeHead(status, { etag: '"1"', 'x-a': 'b' }).end();
    const answer = await path.call('/proxy/ledger/accounts/42', { method });
    expect([answer.status, answer.headers.etag, answer.body]).toEqual([status, '"1"', '']);
  });

  it('finds its resource busy: 503 with Retry-After, and the place is free again afterwards', async () => {
    const resource = path.parts.resources.get('ledger')!;
    path.parts.resources.set('ledger', {
      ...resource,
      limits: { ...resource.limits, concurrencyMax: 1 },
    });
    let release: () => void = () => undefined;
    respond = (_, response) => {
      release = () => response.end('late');
    };
    const first = path.call('/proxy/ledger/accounts/42');
    await until('the request', () => path.backend.seen.length === 1);
    const second = await path.call('/proxy/ledger/accounts/42');
    expect([second.status, second.headers['postern-error']]).toEqual([503, 'overloaded']);
    expect(second.headers['retry-after']).toBe('1');
    release();
    expect((await first).body).toBe('late');
    respond = (_, response) => response.end('next');
    expect((await path.call('/proxy/ledger/accounts/42')).body).toBe('next');
  });

  it('finishes while the proxy stops, within the deadline', async () => {
    let release: () => void = () => undefined;
    respond = (_, response) => {
      release = () => response.end('late');
    };
    const call = path.call('/proxy/ledger/accounts/42');
    await until('the request', () => path.backend.seen.length === 1);
    const stopped = path.host.close(5_000).then(() => path.proxy.close(1_000));
    release();
    expect((await call).body).toBe('late');
    await stopped;
    expect(outcomes()).toEqual(['ok']);
  });

  it('is cut at the deadline of a proxy that stops, and recorded', async () => {
    respond = () => undefined;
    const call = path.call('/proxy/ledger/accounts/42');
    const failed = expect(call).rejects.toThrow();
    await until('the request', () => path.backend.seen.length === 1);
    await path.host.close(50);
    await path.proxy.close(50);
    await failed;
    expect(outcomes()).toEqual(['client_abort']);
  });

  it('drops what Connection names in a response', async () => {
    respond = (_, response) => {
      response.writeHead(200, { connection: 'close, x-hop', 'x-hop': '1', 'x-end': '2' }).end();
    };
    const { headers } = await path.call('/proxy/ledger/accounts/42');
    expect([headers['x-hop'], headers['x-end']]).toEqual([undefined, '2']);
  });

  it('never passes an error of the backend off as one of ours', async () => {
    respond = (_, response) =>
      response.writeHead(500, { 'postern-error': 'x', 'alt-svc': 'h3' }).end();
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect(answer.status).toBe(500);
    expect(answer.headers['postern-error']).toBeUndefined();
    expect(answer.headers['alt-svc']).toBeUndefined();
    expect(outcomes()).toEqual(['upstream_error']);
  });
});
