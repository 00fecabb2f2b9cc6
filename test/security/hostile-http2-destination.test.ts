import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { Http2Upstream } from '#adapters/http';
import {
  anUpstreamRequest,
  type DestinationCertificate,
  destinationCertificate,
  RecordingSink,
} from '#testing';
import { until } from '../support/until.js';

const NAME = 'ledger.test';
/** RFC 9113 section 6.5: no setting, and SETTINGS_MAX_CONCURRENT_STREAMS = 0. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const NO_STREAMS = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);

describe('a hostile destination over HTTP/2', () => {
  let pair: DestinationCertificate['pair'];
  let caFile: string;
  let upstream: Http2Upstream;
  let server: Server;
  const sockets: TLSSocket[] = [];

  beforeAll(async () => {
    ({ pair, caFile } = await destinationCertificate(NAME));
  });
  beforeEach(() => {
    upstream = new Http2Upstream();
    sockets.length = 0;
  });
  afterEach(async () => {
    await upstream.close(0);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function listening(one: Server): Promise<void> {
    server = one;
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }
  /** Says these settings, and never closes its side: it goes on, until what it sends is refused because we are gone. */
  const mute = (settings: Buffer): Promise<void> =>
    listening(
      createTlsServer({ ...pair, ALPNProtocols: ['h2'], allowHalfOpen: true }, (socket) => {
        sockets.push(socket.on('error', () => undefined));
        socket.resume().write(settings);
        const drip = setInterval(() => socket.write(SETTINGS), 50);
        socket.once('close', () => {
          clearInterval(drip);
        });
      }),
    );
  function send(body?: Readable, headersTimeoutMs = 5_000): RecordingSink {
    const sink = new RecordingSink();
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const registration = { tls: { caFile, serverName: NAME, http2: true } };
    const overrides = body === undefined ? {} : { body, method: 'POST' };
    upstream.send(
      anUpstreamRequest({ origin, registration }, overrides, { headersTimeoutMs }),
      sink,
    );
    return sink;
  }
  const open = (): number => sockets.filter((socket) => !socket.destroyed).length;

  it('that takes no streams holds no connection of ours', async () => {
    await mute(NO_STREAMS);
    for (let call = 0; call < 5; call += 1) expect(await send().end).toBeInstanceOf(Error);
    expect(sockets).toHaveLength(5);
    await until('all are closed', () => open() === 0);
  });

  it('that never closes its side of a connection holds none of ours, nor our end', async () => {
    await mute(SETTINGS);
    expect(await send(undefined, 100).end).toBeInstanceOf(Error);
    await until('it is closed', () => open() === 0);
  });

  it('that says it has ever more origins is cut, and keeps no memory of ours', async () => {
    let session: ServerHttp2Session | undefined;
    const http2 = createSecureServer(pair, (_, response) => response.write('begun'));
    await listening(http2);
    http2.on('session', (one) => (session = one.on('error', () => undefined)));
    const sink = send();
    await until('the answer begins', () => sink.body === 'begun');
    const names = Array.from({ length: 40 }, (_, index) => `https://${index}.ledger.test`);
    session!.origin(...names);
    await pause(100);
    expect(session!.destroyed).toBe(false);
    session!.origin(...names);
    session!.origin(...names);
    await until('it is cut', () => session!.destroyed, 2_000);
    expect(await sink.end).toBeInstanceOf(Error);
  });

  it('is sent nothing of a call whose body failed while the connection was opened', async () => {
    await mute(SETTINGS);
    const body = new Readable({ read: () => undefined });
    body.on('error', () => undefined);
    const sink = send(body);
    body.destroy(new Error('the caller went away'));
    expect(await sink.end).toMatchObject({ condition: 'aborted' });
  });
});
