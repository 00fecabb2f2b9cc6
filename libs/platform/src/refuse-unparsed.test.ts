import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { TestCertificate } from '#testing';
import { refuseUnparsed } from './refuse-unparsed.js';

const HANDSHAKE_MS = 200;
const LOOKS_MAX = 200;

const connections = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

/** Whoever has no handle could take all connections of the listener else, and nobody would get another. */
describe('a handshake of TLS', () => {
  let server: Server;
  beforeAll(async () => {
    const { pem: cert, keyPem: key } = await TestCertificate.selfSigned();
    server = createServer({ cert, key, handshakeTimeout: HANDSHAKE_MS });
    server.on(
      'clientError',
      refuseUnparsed(() => undefined),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['nothing', ''],
    ['the begin of a ClientHello', '\x16\x03\x01\x02\x00\x01'],
    ['what is none', 'GET / HTTP/1.1\r\n\r\n'],
  ])(
    'that brings %s in time ends its connection, though the caller never does',
    async (_, bytes) => {
      const { port } = server.address() as AddressInfo;
      const caller: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      caller.on('error', () => undefined).resume();
      await new Promise((resolve) => caller.once('connect', resolve));
      caller.write(bytes, 'latin1');
      for (let looks = 0; looks < LOOKS_MAX && (await connections(server)) > 0; looks += 1) {
        await pause(HANDSHAKE_MS / 4);
      }
      expect(await connections(server)).toBe(0);
      caller.destroy();
    },
  );
});
