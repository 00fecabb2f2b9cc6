import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that the kernel gives to outgoing connections and to whoever asks for any. */
const FIRST = 12_000;
const AFTER_LAST = 32_000;
const TRIES_MAX = 20;

/**
 * A port of 127.0.0.1 that nobody listens on, and that a process finds free when it begins, or again after it was killed:
 * among thousands of short connections none is given it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FIRST, AFTER_LAST);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${AFTER_LAST} was free in ${TRIES_MAX} tries`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
