import { type IncomingHttpHeaders } from 'node:http';
import { type Socket } from 'node:net';
import { type Readable, type Writable } from 'node:stream';

/** A request as HTTP/1.1 has it, whatever it came by. Node's IncomingMessage has this shape. */
export interface HttpRequest extends Readable {
  readonly method?: string | undefined;
  /** The raw request target. */
  readonly url?: string | undefined;
  readonly httpVersion: string;
  /** As received: name, value, name, value ... */
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  /** Whether all of it has come. */
  readonly complete: boolean;
  /** The connection; of HTTP/2 many requests share it. */
  readonly socket: Socket;
}

/** Where its answer goes. Node's ServerResponse has this shape. */
export interface HttpResponse extends Writable {
  readonly headersSent: boolean;
  writeHead(status: number, headers?: string[]): this;
  writeHead(status: number, statusText: string, headers: string[]): this;
  addTrailers(headers: [string, string][]): void;
}

/** A request that has no one reading: it was answered with 400 or 431, or cut, and nobody else saw it. */
export interface UnreadRequest {
  /** For the operator: the rule that was broken. Nothing of the request. */
  readonly what: string;
  readonly remoteAddress: string | undefined;
}
