import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { KafkaSockets } from './kafka-sockets.js';

/** Takes bytes and never answers. */
describe('connections to a broker that is silent', () => {
  let silent: Server;
  let port: number;
  const taken: Socket[] = [];
  beforeEach(async () => {
    silent = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    ({ port } = silent.address() as AddressInfo);
  });
  afterEach(async () => {
    for (const socket of taken.splice(0)) socket.destroy();
    silent.close();
    await once(silent, 'close');
  });

  it('are cut when their client does not let go of them by itself', async () => {
    const sockets = new KafkaSockets();
    const open = sockets.factory({
      host: '127.0.0.1',
      port,
      ssl: undefined as never,
      onConnect: () => undefined,
    });
    open.on('error', () => undefined);
    await once(open, 'connect');
    await sockets.end(new Promise(() => undefined), 10);
    expect(open.destroyed).toBe(true);
  });

  it('are left to the client that lets go of them', async () => {
    const sockets = new KafkaSockets();
    await sockets.end(Promise.resolve());
    await expect(sockets.end(Promise.reject(new Error('gone')))).resolves.toBeUndefined();
  });
});
