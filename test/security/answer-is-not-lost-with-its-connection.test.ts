import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CallPath } from './call-path.js';

const BODY_BYTES = 8 * 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');

/** A caller that writes all of its body before it reads, as many do. */
describe('a call that is refused while its body comes', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
  });
  afterAll(() => path.stop());

  async function begin(): Promise<{ socket: Socket; received: () => string }> {
    const socket = connect({ port: path.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(
      `POST /proxy/ledger/entries HTTP/1.1\r\nHost: postern\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`,
    );
    return { socket, received: () => text };
  }

  it('is answered, and nothing is lost: the rest is taken and dropped', async () => {
    const { socket, received } = await begin();
    await pause(100); // The answer is out by now.
    for (let sent = 0; sent < BODY_BYTES; sent += PIECE.length) {
      if (!socket.write(PIECE)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
      expect(socket.destroyed).toBe(false);
    }
    socket.end();
    await once(socket, 'close');
    expect(received()).toMatch(/^HTTP\/1\.1 401 [^]*connection: close[^]*missing-handle/i);
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('is let go of after two seconds, however much it has still to say', async () => {
    const { socket } = await begin();
    const startedMs = performance.now();
    const closed = new Promise((resolve) => socket.once('close', resolve)); // Reset, from its side.
    const timer = setInterval(() => socket.write('x'), 100);
    await closed;
    clearInterval(timer);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });
});
