import { createHash } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type PlantedBody } from './planted-body.js';

const MIB = 1024 * 1024;
const STANDSTILL_MS = 150;

export const answered = (call: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => call.once('response', resolve).on('error', reject));

/** Resolves to what was taken when nothing moves any more: whoever writes has been stopped by who does not read. */
export async function standstill(body: PlantedBody): Promise<number> {
  let before = -1;
  while (before !== body.taken) {
    before = body.taken;
    await pause(STANDSTILL_MS);
  }
  return before;
}

/** Reads to the end with a rest after each MiB. `digest` is SHA-256 in hex. */
export async function readSlowly(
  from: IncomingMessage,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  let rested = 0;
  for await (const chunk of from as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes - rested < MIB) continue;
    rested = bytes;
    await pause(1);
  }
  return { bytes, digest: hash.digest('hex') };
}

/** Resolves to what was read when that is at least `bytes`. */
export const readUntil = (from: IncomingMessage, bytes: number): Promise<number> =>
  new Promise((resolve) => {
    let read = 0;
    from
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read < bytes) return;
        from.pause();
        resolve(read);
      });
  });

/** Resolves to `bytes` when they were handed to the kernel. */
export const writeUntil = (to: ClientRequest | ServerResponse, bytes: number): Promise<number> =>
  new Promise((resolve) => {
    to.on('error', () => undefined).write(Buffer.alloc(bytes, 'no secret '), () => resolve(bytes));
  });
