import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type Settings } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { TestCertificate } from '#testing';
import { type HttpResponse } from './http-exchange.js';
import { Http2Connections } from './http2-connections.js';

type Parts = ConstructorParameters<typeof Http2Connections>[0];

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function listening(parts: Pick<Parts, 'serve'> & Partial<Parts>): Promise<number> {
  const { pem: cert, keyPem: key } = await TestCertificate.selfSigned();
  const limits = { firstRequestMs: 10_000, idleMs: 10_000, takenWithinMs: 10_000 };
  const connections = new Http2Connections({ refused: () => undefined, ...limits, ...parts });
  const server = createServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => {
    connections.take(socket);
  });
  ends.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function session(port: number, settings: Settings = {}): Promise<ClientHttp2Session> {
  const url = `https://127.0.0.1:${port}`;
  const opened = connect(url, { rejectUnauthorized: false, settings });
  opened.on('error', () => undefined);
  ends.unshift(() => {
    opened.destroy();
  });
  await once(opened, 'connect');
  return opened;
}

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 20_000 && !holds(); waited += 5) await pause(5);
  expect(holds()).toBe(true);
}

describe('a connection of HTTP/2', () => {
  it('is not cut for answers that break off on our side, however many they are', async () => {
    const port = await listening({
      serve: ({ url }, response) => {
        if (url === '/') response.end('ok');
        else response.destroy();
      },
    });
    const open = await session(port);
    const broken = async (): Promise<number | undefined> => {
      const stream = open.request({ ':path': '/broken' }).on('error', () => undefined);
      await new Promise((resolve) => stream.resume().once('close', resolve));
      return stream.rstCode;
    };
    for (let round = 0; round < 10; round += 1) {
      const codes = await Promise.all(Array.from({ length: 50 }, broken));
      expect(new Set(codes)).toEqual(new Set([constants.NGHTTP2_INTERNAL_ERROR]));
    }
    expect(await text(open.request({ ':path': '/' }))).toBe('ok');
  });

  it.each([
    ['whole', 'GET', (response: HttpResponse) => response.end('an answer')],
    ['under way', 'GET', (response: HttpResponse) => response.write('a part')],
    ['whole, to a body', 'POST', (response: HttpResponse) => response.end('an answer')],
    ['under way, to a body', 'POST', (response: HttpResponse) => response.write('a part')],
  ])(
    'keeps nothing of an answer (%s) that cannot be sent when its caller resets the stream as if all were well',
    async (_, method, respond) => {
      const open: HttpResponse[] = [];
      const port = await listening({
        idleMs: 50,
        serve: (_request, response) => {
          open.push(response);
          response.once('close', () => open.splice(open.indexOf(response), 1));
          respond(response);
        },
      });
      const caller = await session(port, { initialWindowSize: 0 });
      for (let count = 0; count < 10; count += 1) {
        const stream = caller
          .request({ ':method': method, ':path': '/' })
          .on('error', () => undefined);
        if (method === 'POST') stream.write('a part');
        await once(stream, 'response');
        stream.close(constants.NGHTTP2_NO_ERROR);
      }
      await until(() => open.length === 0);
      await until(() => caller.closed); // For want of requests.
    },
  );
});
