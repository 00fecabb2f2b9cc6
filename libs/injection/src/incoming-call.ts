import { type Duplex, type Readable, type Writable } from 'node:stream';

/** A call as it arrived, before anything was parsed. Node's IncomingMessage has this shape. */
export interface IncomingCall extends Readable {
  readonly method?: string | undefined;
  /** The raw request target. */
  readonly url?: string | undefined;
  readonly rawHeaders: string[];
  readonly httpVersion: string;
}

/** Where the answer goes. Node's ServerResponse has this shape. */
export interface CallerResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, statusText: string, headers: string[]): unknown;
  addTrailers(headers: [string, string][]): void;
}

/** What the listener knows of the caller. */
export interface CallContext {
  readonly correlationId: string;
  /** From the socket, or from a forwarded header of a trusted proxy. */
  readonly peerAddress: string;
  /** DER, the caller's own certificate first. Asked only when the handle is bound to one; absent: it has none. */
  readonly certificateChain?: () => readonly Uint8Array[];
  /**
   * Answers 101 with these headers (name, value, name, value ...), and gives the connection, with what came after the head.
   * Absent: the connection cannot become one of another protocol.
   */
  readonly upgrade?: (headers: string[]) => Duplex;
}
