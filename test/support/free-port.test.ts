import { createServer } from 'node:net';
import { freePort } from './free-port.js';

describe('a free port', () => {
  it('is given once, however many are asked for before one of them is listened on', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('leaves the one behind it free', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    const behind = new Set(ports.map((port) => port + 1));
    expect(ports.filter((port) => behind.has(port))).toEqual([]);
  });

  it('is below those of outgoing connections, and of the part of this worker', async () => {
    const own = process.env['JEST_WORKER_ID'];
    const part = async (worker: string): Promise<number> => {
      process.env['JEST_WORKER_ID'] = worker;
      return Math.floor(((await freePort()) - 12_000) / 2_500);
    };
    const parts = [await part('1'), await part('2'), await part('3')];
    process.env['JEST_WORKER_ID'] = own;
    expect(parts).toEqual([1, 2, 3]);
  });

  it('is none that somebody listens on', async () => {
    const next = (await freePort()) + 7;
    const server = createServer().listen(next, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve).once('error', resolve));
    expect(await freePort()).not.toBe(next);
    await new Promise((resolve) => server.close(resolve));
  });
});
