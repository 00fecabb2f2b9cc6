import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to outgoing connections and to whoever asks for any. */
const FIRST = 12_000;
const AFTER_LAST = 32_000;
/** Each worker of a run takes from a part of its own: two are never given the same port before either listens on it. */
const PARTS = 8;
const PART_PORTS = (AFTER_LAST - FIRST) / PARTS;
/** The next ones are left to whom the port was given: OpenBao takes the one behind its own for its cluster. */
const STEP = 7;
const TRIES_MAX = 20;

let given = randomInt(PART_PORTS);

/**
 * A port of 127.0.0.1 that nobody listens on, and that a process finds free when it begins, or again after it was killed:
 * among thousands of short connections none is given it meanwhile. No other call gives it before thousands were given.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    given = (given + STEP) % PART_PORTS;
    const port = firstOfWorker() + given;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${AFTER_LAST} was free in ${TRIES_MAX} tries`);
}

/** Jest numbers its workers from one on. */
const firstOfWorker = (): number =>
  FIRST + (Number(process.env['JEST_WORKER_ID'] ?? 0) % PARTS) * PART_PORTS;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
