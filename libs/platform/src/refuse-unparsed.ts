import { type HttpSocket } from './in-turn.js';

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * What the parser refused: answered where it can be, and the connection closed, since where the next request begins is
 * unknown (RFC 9112 section 2.2). An answer that has begun is cut: a second one inside it would be taken for its body.
 */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: HttpSocket): void {
  const begun = socket._httpMessage?.headersSent === true;
  if (error.code === 'ECONNRESET' || !socket.writable || begun) {
    socket.destroy();
    return;
  }
  const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => {
    socket.destroy();
  });
}
