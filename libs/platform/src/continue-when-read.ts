import { type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * `Expect: 100-continue` (RFC 9110 section 10.1.1): the caller is asked for its body when somebody reads it, and not
 * before, so that a request that is refused by its head never sends one. HTTP/1.0 knows of no interim answers.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersion === '1.0') return;
  const read = request._read.bind(request);
  request._read = (bytes): void => {
    request._read = read;
    if (!response.headersSent && !response.writableEnded) response.writeContinue();
    read(bytes);
  };
}
