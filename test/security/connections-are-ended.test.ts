import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../support/until.js';
import { CallPath } from './call-path.js';

const HEAD = 'GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\n';
const WEBSOCKET = `${HEAD}Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const IGNORED = 'GET /nothing HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: h9\r\n\r\n';

/** A caller that never ends its connection. */
async function hold(port: number, bytes: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(bytes, 'latin1');
  return socket;
}

const open = ({ host }: CallPath): Promise<number> =>
  new Promise((resolve, reject) => {
    host.server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });

/** Gives how many are left open when none are, or when the time is over. */
async function leftAfter(path: CallPath, ms: number): Promise<number> {
  for (let waited = 0; waited < ms && (await open(path)) > 0; waited += 50) await pause(50);
  return open(path);
}

/** Whoever has no handle could take all connections of the listener else, and nobody would get another. */
describe('a connection that its caller never ends', () => {
  it('is let go of after the answer to an offer to switch, or to CONNECT', async () => {
    const path = await CallPath.start();
    const connect = 'CONNECT p:443 HTTP/1.1\r\nHost: p:443\r\n\r\n';
    const requests = [WEBSOCKET, `${WEBSOCKET}more`, connect, `${connect}more`];
    const callers = await Promise.all(requests.map((bytes) => hold(path.port, bytes)));
    await until('all are there', async () => (await open(path)) === 4);
    expect(await leftAfter(path, 4_000)).toBe(0);
    for (const caller of callers) caller.destroy();
    await path.stop();
  });

  it('is cut when many requests come behind its last answer, while what comes is dropped', async () => {
    const path = await CallPath.start();
    const refused =
      'POST /proxy/ledger/entries HTTP/1.1\r\nHost: p\r\nContent-Length: 70000\r\n\r\n';
    const caller = await hold(path.port, refused);
    await pause(100);
    caller.write('x'.repeat(70_000) + 'GET /healthz HTTP/1.1\r\nHost: p\r\n\r\n'.repeat(40));
    expect(await leftAfter(path, 1_000)).toBe(0);
    caller.destroy();
    await path.stop();
  });

  it('takes no more memory with each offer to switch that is ignored', async () => {
    const path = await CallPath.start();
    const sockets: Socket[] = [];
    path.host.server.on('connection', (socket: Socket) => sockets.push(socket));
    const caller = await hold(path.port, IGNORED);
    const answers = { left: 21 };
    caller.on('data', () => {
      if (--answers.left > 0) caller.write(IGNORED);
    });
    while (answers.left > 0) await pause(10);
    expect(new Set(sockets).size).toBe(1);
    expect(sockets.length).toBeGreaterThan(20);
    expect(sockets[0]?.listenerCount('close')).toBeLessThan(5);
    caller.destroy();
    await path.stop();
  });
});
