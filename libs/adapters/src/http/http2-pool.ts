import { type ClientHttp2Session } from 'node:http2';
import { Http2Connection } from './http2-connection.js';
import { type ConnectionPool, type PooledRequest } from './versioned-pools.js';

const IDLE_MS = 10_000;
/** What waits for one connection before another is opened; a destination may take fewer. */
const WAITING_MAX = 100;

/**
 * HTTP/2 connections to one destination, opened when all streams of the others are taken, and closed when they are idle.
 * One that the destination ends (GOAWAY, RFC 9113 section 6.8) takes no new requests; those that it has may finish.
 */
export class Http2Pool implements ConnectionPool {
  readonly #connections = new Set<Http2Connection>();
  #opening: Promise<Http2Connection> | undefined;
  #waitingForOpening = 0;
  #waiting = 0;
  #destroyed = false;
  #closing: Promise<void> | undefined;
  #allTaken: () => void = () => undefined;

  constructor(private readonly request: PooledRequest) {}

  /**
   * Resolves to a connection with a stream taken, which is to be given back.
   * @throws Error with a code when none can be opened; nothing was sent
   */
  async take(): Promise<Http2Connection> {
    this.#waiting += 1;
    try {
      return await this.#taken();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#allTaken();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const connection of this.#connections) connection.destroy();
    await this.close();
  }

  async #taken(): Promise<Http2Connection> {
    for (;;) {
      const free = [...this.#connections].find((connection) => connection.take());
      if (free !== undefined) return free;
      const opened = await this.#open();
      if (opened.take()) return opened;
      if (opened.streamsMax > 0) continue;
      opened.retire();
      throw hungUp(); // Another one would not take more.
    }
  }

  /** Those that find no stream free wait for one connection together. */
  #open(): Promise<Http2Connection> {
    if (this.#opening === undefined || this.#waitingForOpening >= WAITING_MAX) {
      this.#waitingForOpening = 0;
      const opening = this.#connect().finally(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
      this.#opening = opening;
    }
    this.#waitingForOpening += 1;
    return this.#opening;
  }

  async #connect(): Promise<Http2Connection> {
    const { resource, tlsIdentity } = this.request;
    const connection = await Http2Connection.open(resource, { tlsIdentity, idleMs: IDLE_MS });
    if (this.#destroyed) {
      connection.destroy();
      throw hungUp();
    }
    this.#connections.add(connection);
    connection.session.once('close', () => this.#connections.delete(connection));
    return connection;
  }

  async #close(): Promise<void> {
    if (this.#waiting > 0) {
      await new Promise<void>((resolve) => {
        this.#allTaken = resolve;
      });
    }
    const connections = [...this.#connections];
    const closed = connections.map(({ session }) => closeOf(session));
    for (const connection of connections) connection.retire();
    await Promise.all(closed);
  }
}

/** Whether it failed before or not. */
const closeOf = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve) => {
    session.once('close', () => {
      resolve();
    });
  });

const hungUp = (): Error =>
  Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
