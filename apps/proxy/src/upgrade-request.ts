import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type HttpSocket } from '#platform';
import { endAndLinger } from './linger-at-close.js';

/** A request that Node took for the last one of HTTP on its connection. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: HttpSocket;
  /** What came after the head of the request already. */
  readonly head: Buffer;
}

/**
 * The answer to a request that Node gave out with its socket, which nobody reads or times any more. The connection ends
 * after it: what still comes is dropped.
 */
export function responseOn(socket: HttpSocket, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket.on('error', () => undefined));
  response.once('finish', () => {
    endAndLinger(socket.resume());
  });
  return response;
}

/** Answers 101 once, and gives the connection, with what came after the head. */
export const switching =
  ({ socket, head }: UpgradeRequest, response: ServerResponse) =>
  (headers: string[]): Duplex => {
    response.writeHead(101, headers);
    response.flushHeaders();
    response.detachSocket(socket);
    if (head.length > 0) socket.unshift(head);
    return socket;
  };

/** Whether Node gave all headers: of more than it keeps it drops the rest, though that may have said where the body ends. */
export const hasAllHeaders = (
  { maxHeadersCount }: Server,
  { rawHeaders }: IncomingMessage,
): boolean => maxHeadersCount === null || rawHeaders.length < 2 * maxHeadersCount;

/**
 * Reads the request again, without its offer to switch (RFC 9110 section 7.8: a server may ignore it): the same head but
 * for Upgrade, and the same bytes after it. Its body, if it has one, is read as of any other.
 */
export function ignoreUpgrade(server: Server, { request, socket, head }: UpgradeRequest): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`);
  }
  const again = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([again, head]));
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}
