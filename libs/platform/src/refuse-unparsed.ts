import { type UnreadRequest } from './http-exchange.js';
import { type HttpSocket } from './in-turn.js';

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Codes of llhttp but for the one of a connection that ended early: nobody could have read that otherwise. */
const AMBIGUOUS = /^HPE_(?!INVALID_EOF_STATE$)/;

/**
 * What the parser refused: answered where it can be, and the connection closed, since where the next request begins is
 * unknown (RFC 9112 section 2.2). An answer that has begun is cut: a second one inside it would be taken for its body.
 * `refused` hears of what has no one reading.
 */
export const refuseUnparsed =
  (refused: (request: UnreadRequest) => void) =>
  (error: NodeJS.ErrnoException, socket: HttpSocket): void => {
    const { code = '' } = error;
    const { remoteAddress } = socket;
    if (AMBIGUOUS.test(code))
      refused({ what: `not HTTP/1.1 as it is written: ${code}`, remoteAddress });
    const begun = socket._httpMessage?.headersSent === true;
    // An answer would wait for the end of a handshake that failed or takes too long, and the connection with it, for ever.
    const handshaking = socket.secureConnecting === true;
    if (code === 'ECONNRESET' || !socket.writable || begun || handshaking) {
      socket.destroy();
      return;
    }
    const status = STATUS_LINES[code] ?? '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => {
      socket.destroy();
    });
  };
