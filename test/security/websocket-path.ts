import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type Handle } from '#handles';
import { until } from '../support/until.js';
import { CallPath, type CallPathOptions } from './call-path.js';
import { frame, FrameReader, type Message } from './websocket-frames.js';

export const STREAM = '/proxy/ledger/stream/42';
/** Of RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

type OnMessage = (message: Message, socket: Socket, request: IncomingMessage) => void;

export interface SocketBackendOptions {
  readonly onMessage?: OnMessage;
  readonly onOpen?: (socket: Socket) => void;
  /** Lines of the 101 beside those that must be there. */
  readonly headers?: readonly string[];
  /** Answers in place of the 101. */
  readonly instead?: string;
}

/** A backend that speaks WebSocket, by hand: what it sends is what the test says. */
export class SocketBackend {
  readonly requests: IncomingMessage[] = [];
  readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(options: SocketBackendOptions = {}): Promise<SocketBackend> {
    const server = createServer((_, response) => response.end('no socket'));
    server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      backend.requests.push(request);
      backend.sockets.push(socket.on('error', () => undefined));
      backend.#answer(request, socket, options);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const backend: SocketBackend = new SocketBackend(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    return backend;
  }

  #answer(request: IncomingMessage, socket: Socket, options: SocketBackendOptions): void {
    if (options.instead !== undefined) {
      socket.end(options.instead);
      return;
    }
    const key = request.headers['sec-websocket-key'] ?? '';
    const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    lines.push(`Sec-WebSocket-Accept: ${accept}`, ...(options.headers ?? []));
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    options.onOpen?.(socket);
    socket.on('end', () => socket.end());
    const reader = new FrameReader();
    const echo: OnMessage = ({ opcode, payload }, to) => void to.write(frame(payload, { opcode }));
    socket.on('data', (chunk: Buffer) => {
      for (const message of reader.push(chunk))
        (options.onMessage ?? echo)(message, socket, request);
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A caller by hand. */
export class SocketCaller {
  readonly messages: Message[] = [];
  /** The head of the answer, and what follows it when it is no 101. */
  answer = '';
  #reader: FrameReader | undefined;
  readonly closed: Promise<unknown>;

  constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => this.#take(chunk));
  }

  static open(
    port: number,
    lines: readonly string[],
    first = `GET ${STREAM} HTTP/1.1`,
  ): SocketCaller {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: false });
    socket.write(`${[first, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`);
    return new SocketCaller(socket);
  }

  #take(chunk: Buffer): void {
    if (this.#reader !== undefined) {
      this.messages.push(...this.#reader.push(chunk));
      return;
    }
    this.answer += chunk.toString('latin1');
    const end = this.answer.indexOf('\r\n\r\n');
    if (end < 0 || !this.answer.startsWith('HTTP/1.1 101')) return;
    const rest = Buffer.from(this.answer.slice(end + 4), 'latin1');
    this.answer = this.answer.slice(0, end + 4);
    this.#reader = new FrameReader();
    this.messages.push(...this.#reader.push(rest));
  }

  send(text: string | Buffer, options: Parameters<typeof frame>[1] = {}): void {
    this.socket.write(frame(text, { ...options, masked: true }));
  }

  get texts(): string[] {
    return this.messages.map(({ payload }) => payload.toString());
  }
}

export const handshake = (authorization: string): string[] => [
  `Authorization: ${authorization}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
];

/** A proxy in front of a backend that speaks WebSocket. */
export class WebSocketPath {
  private constructor(
    readonly path: CallPath,
    readonly backend: SocketBackend,
  ) {}

  static async start(
    speaks: SocketBackendOptions = {},
    { registration, policy, ...options }: CallPathOptions = {},
  ): Promise<WebSocketPath> {
    const backend = await SocketBackend.start(speaks);
    const path = await CallPath.start({
      ...options,
      registration: { destination: `${backend.origin}/api`, ...registration },
      policy: {
        scopes: { 'ledger.read': ['UPGRADE /stream/{id}', 'GET /plain'] },
        ...policy,
      },
    });
    return new WebSocketPath(path, backend);
  }

  /** Resolves when the caller has its answer, whatever it is. */
  async open(
    change: (lines: string[]) => string[] = (lines) => lines,
    overrides: Partial<Handle> = {},
  ): Promise<SocketCaller> {
    const { plaintext } = await this.path.parts.issue(overrides);
    const lines = change(handshake(`Bearer ${plaintext}`));
    const caller = SocketCaller.open(this.path.port, lines);
    await until('an answer', () => caller.answer.includes('\r\n\r\n'));
    return caller;
  }

  /** Resolves to what the event of the first call says. */
  async ended(): Promise<unknown> {
    const { completed } = this.path.parts.ledger;
    await until('the call is finished', () => completed.length > 0);
    return completed[0]?.data;
  }

  async stop(): Promise<void> {
    for (const socket of this.backend.sockets) socket.destroy();
    await this.path.stop();
    await this.backend.stop();
  }
}
