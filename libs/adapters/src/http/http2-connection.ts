import { type ClientHttp2Session, connect } from 'node:http2';
import { isIP, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type ProxiedResource, type TlsIdentity } from '#injection';
import {
  guardedOptions,
  literalRefusal,
  OriginMismatch,
  peerRefusal,
  withoutBrackets,
} from './destination-connector.js';

const HEADER_BYTES_MAX = 16 * 1024;
/** What a destination may send ahead on one stream that nobody reads, and on all of a connection. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;
/** Whatever a destination offers: more streams share one TCP connection and its losses. */
const STREAMS_MAX = 100;
/** For the destination to close its side, when we have closed ours. */
const LINGER_MS = 2_000;
/** Origins that a destination says it has (RFC 8336): node:http2 keeps them all, and nobody here asks for them. */
const ORIGINS_MAX = 100;

/** The destination speaks HTTP/2 by registration, and did not choose it in the handshake (RFC 7301). */
export class Http2NotChosen extends Error {
  readonly code = 'ERR_HTTP2_NOT_CHOSEN';
}

const connectTimeout = (): Error =>
  Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' });

/** One HTTP/2 connection, and how many of its streams are taken. */
export class Http2Connection {
  #streams = 0;
  #idle: NodeJS.Timeout | undefined;
  #retired = false;

  private constructor(
    readonly session: ClientHttp2Session,
    private readonly socket: TLSSocket,
    readonly origin: string,
    private readonly idleMs: number,
  ) {
    let origins = 0;
    session.on('origin', (more) => {
      origins += more.length;
      if (origins > ORIGINS_MAX) session.destroy();
    });
  }

  /**
   * Connects to a resource's destination and nowhere else, as destinationConnector does, offers `h2` only, and resolves
   * when the destination has said how many streams it takes.
   * @throws Error with a code; nothing of a request was sent
   */
  static async open(
    resource: ProxiedResource,
    options: { readonly tlsIdentity: TlsIdentity | undefined; readonly idleMs: number },
  ): Promise<Http2Connection> {
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      deadline.abort();
    }, resource.limits.connectTimeoutMs);
    try {
      const socket = await handshake(resource, options.tlsIdentity, deadline.signal);
      const { origin } = resource.destination;
      const session = await settled(socket, origin, deadline.signal);
      return new Http2Connection(session, socket, origin, options.idleMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /** How many streams it takes at once; 0 when it takes none any more. */
  get streamsMax(): number {
    const { session } = this;
    if (this.#retired || session.closed || session.destroyed) return 0;
    return Math.min(session.remoteSettings.maxConcurrentStreams ?? STREAMS_MAX, STREAMS_MAX);
  }

  /** Takes a stream, to be given back once; false when there is none. */
  take(): boolean {
    if (this.#streams >= this.streamsMax) return false;
    this.#streams += 1;
    clearTimeout(this.#idle);
    return true;
  }

  give(): void {
    this.#streams -= 1;
    if (this.#streams > 0) return;
    if (this.#retired) this.#close();
    else this.#idle = setTimeout(() => this.#close(), this.idleMs).unref();
  }

  /** Takes no more streams, and closes when all are given back. */
  retire(): void {
    this.#retired = true;
    if (this.#streams === 0) this.#close();
  }

  destroy(): void {
    this.session.destroy();
    this.socket.destroy();
  }

  /** A destination that leaves its side open does not keep ours. */
  #close(): void {
    this.session.close();
    const timer = setTimeout(() => this.destroy(), LINGER_MS).unref();
    this.socket.once('close', () => {
      clearTimeout(timer);
    });
  }
}

function handshake(
  resource: ProxiedResource,
  tlsIdentity: TlsIdentity | undefined,
  deadline: AbortSignal,
): Promise<TLSSocket> {
  const { destination } = resource;
  if (destination.scheme !== 'https') throw new OriginMismatch('HTTP/2 is spoken over TLS only');
  const refused = literalRefusal(resource, destination.hostname);
  if (refused !== undefined) throw refused;
  return new Promise((resolve, reject) => {
    const socket = connectTls(tlsOptionsOf(resource, tlsIdentity));
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const onDeadline = (): void => {
      fail(connectTimeout());
    };
    deadline.addEventListener('abort', onDeadline);
    socket.on('error', fail).once('secureConnect', () => {
      deadline.removeEventListener('abort', onDeadline);
      socket.off('error', fail);
      const problem = peerRefusal(resource, socket) ?? notChosen(socket);
      if (problem === undefined) resolve(socket.setNoDelay(true));
      else fail(problem);
    });
  });
}

/** Each connection shakes hands anew: no TLS session of one identity is resumed with another. */
function tlsOptionsOf(
  resource: ProxiedResource,
  tlsIdentity: TlsIdentity | undefined,
): ConnectionOptions & Pick<TcpNetConnectOpts, 'autoSelectFamily'> {
  const { destination, tls } = resource;
  const host = withoutBrackets(destination.hostname);
  const servername = tls?.serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...guardedOptions(resource, tlsIdentity),
    host,
    port: destination.port,
    ALPNProtocols: ['h2'],
    ...(servername === undefined ? {} : { servername }),
  };
}

const notChosen = ({ alpnProtocol }: TLSSocket): Http2NotChosen | undefined =>
  alpnProtocol === 'h2' ? undefined : new Http2NotChosen('the destination did not choose h2');

/** Resolves when both have said what they take (RFC 9113 section 3.4). */
function settled(
  socket: TLSSocket,
  origin: string,
  deadline: AbortSignal,
): Promise<ClientHttp2Session> {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: HEADER_BYTES_MAX,
    },
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      session.destroy();
      reject(error);
    };
    const onClose = (): void => {
      fail(Object.assign(new Error('the destination hung up'), { code: 'ECONNRESET' }));
    };
    const onDeadline = (): void => {
      fail(connectTimeout());
    };
    deadline.addEventListener('abort', onDeadline);
    // Later faults of the connection end its streams, each of which tells of it.
    session.on('error', fail).once('close', onClose);
    session.once('remoteSettings', () => {
      deadline.removeEventListener('abort', onDeadline);
      session.off('close', onClose).setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      resolve(session);
    });
  });
}
