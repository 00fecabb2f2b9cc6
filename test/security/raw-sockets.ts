import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { readStrictly, type StrictMessage } from './strict-http.js';

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Writes what it likes for a request; `undefined` leaves the request without an answer. */
export type Script = (request: StrictMessage, socket: Socket) => string | undefined;

/**
 * A backend on bare TCP. It reads requests strictly, one after the other, and remembers each, every byte and every fault:
 * what it calls a request is what a backend behind the proxy would take for one.
 */
export class RawBackend {
  readonly requests: StrictMessage[] = [];
  readonly faults: string[] = [];
  bytes = '';
  script: Script = () => OK;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(): Promise<RawBackend> {
    const server = createServer((socket) => backend.take(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const backend: RawBackend = new RawBackend(server, `http://127.0.0.1:${port}`);
    return backend;
  }

  /** Forgets what it has seen; connections stay. */
  forget(): void {
    this.requests.splice(0);
    this.faults.splice(0);
    this.bytes = '';
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(socket: Socket): void {
    let unread = '';
    this.#sockets.add(socket);
    socket.setEncoding('latin1').on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      this.bytes += chunk;
      unread += chunk;
      unread = this.answered(unread, socket);
    });
  }

  private answered(text: string, socket: Socket): string {
    let unread = text;
    while (unread !== '') {
      const reading = readStrictly(unread, 'request');
      if (reading.kind === 'part') return unread;
      if (reading.kind === 'fault') {
        this.faults.push(reading.what);
        socket.destroy();
        return '';
      }
      this.requests.push(reading.message);
      unread = unread.slice(reading.message.length);
      const answer = this.script(reading.message, socket);
      if (answer !== undefined) socket.write(answer, 'latin1');
    }
    return unread;
  }
}

/** What came back on one connection, and who ended it. */
export interface RawAnswer {
  readonly text: string;
  readonly closed: boolean;
}

/** Time is counted in turns of the event loop: what a stall held up is read before anybody gives up waiting for it. */
const TICK_MS = 5;

export interface RawCallOptions {
  /** Default 5 s. */
  readonly deadlineMs?: number;
  /** Nothing more is waited for when nothing came for so long after something did. */
  readonly quietMs?: number;
  /** Whether the caller says that it has nothing more to send. Default: it does not. */
  readonly end?: boolean;
}

/**
 * Writes bytes (latin1) and takes what comes back until the other side closes. It never closes first: `closed` is what the
 * other side did within the deadline.
 */
export function rawCall(
  port: number,
  bytes: string,
  { deadlineMs = 5_000, quietMs = deadlineMs, end = false }: RawCallOptions = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const settle = (closed: boolean): void => {
      clearInterval(ticking);
      socket.destroy();
      resolve({ text, closed });
    };
    let [waitedMs, silentMs] = [0, 0];
    const ticking = setInterval(() => {
      waitedMs += TICK_MS;
      silentMs += TICK_MS;
      if (waitedMs >= deadlineMs || (text !== '' && silentMs >= quietMs)) settle(false);
    }, TICK_MS);
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      silentMs = 0;
    });
    socket.on('error', () => settle(true)).on('end', () => settle(true));
    socket.write(bytes, 'latin1');
    if (end) socket.end();
  });
}
