import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export const KIBIBYTE = 1_024;
export const LARGE_BYTES = 10 * 1024 * 1024;
export const EVENTS = 6;
const EVENT_INTERVAL_MS = 400;
const WAITING_MS = 400;
const CHUNK = Buffer.alloc(64 * 1024, 'the quick brown fox ');
const SMALL = Buffer.alloc(KIBIBYTE, 'a');

/** What the destination does for each path: the segment before the number of the call. */
export const ANSWERS: Readonly<Record<string, Answer>> = {
  accounts: (_, response) => void response.end(SMALL),
  entries: async (request, response) => void response.end(String(await bytesOf(request))),
  uploads: async (request, response) => void response.end(String(await bytesOf(request))),
  downloads: download,
  echo: (request, response) => {
    const body = gzipSync(`you are ${request.headers.authorization ?? ''}, ${'z'.repeat(2_000)}`);
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    response.writeHead(200, headers).end(body);
  },
  events,
  failing: (_, response) => void response.writeHead(500).end('broken today'),
  broken: (request) => void request.socket.destroy(),
  half: (request, response) => {
    response.writeHead(200, { 'content-length': LARGE_BYTES }).write(CHUNK);
    setTimeout(() => request.socket.destroy(), 20);
  },
  slow: () => undefined, // Whoever waits for it gives up first.
  waiting: async (_, response) => {
    await pause(WAITING_MS);
    response.end(SMALL);
  },
};

async function bytesOf(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  return bytes;
}

async function download(_: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-length': LARGE_BYTES });
  for (let sent = 0; sent < LARGE_BYTES && !response.destroyed; sent += CHUNK.length) {
    if (!response.write(CHUNK)) await drained(response);
  }
  response.end();
}

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });

async function events(_: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let sent = 0; sent < EVENTS && !response.destroyed; sent += 1) {
    response.write(`data: ${sent}\n\n`);
    await pause(EVENT_INTERVAL_MS);
  }
  response.end();
}
