import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

/** Requests of one connection that wait for those in front of them, or come behind its end; with more it is cut. */
const WAITING_MAX = 16;

/** A socket on which an answer is being written has it here (node:http, the same as its own handler looks at). */
export type HttpSocket = Socket & {
  readonly _httpMessage?: ServerResponse | null;
  /** Of TLS only (node:tls): its handshake is not over. */
  readonly secureConnecting?: boolean;
};

/** Whether an answer is owed on the connection or being written, or was the last one: nothing may be taken from it. */
export const isAnswering = ({ _httpMessage, writableEnded }: HttpSocket): boolean =>
  writableEnded || (_httpMessage !== undefined && _httpMessage !== null);

/**
 * One request of a connection at a time (RFC 9112 section 9.3.2: only safe ones might be served side by side). Who ends the
 * connection with an answer, because where the next request begins is unknown, has ended what was behind it too: that
 * may be the body of the one in front, and is never served.
 */
export function inTurn(listener: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>();
  const count = (socket: Socket, by: number): number => {
    const now = (waiting.get(socket) ?? 0) + by;
    waiting.set(socket, now);
    return now;
  };
  return (request: IncomingMessage, response) => {
    const { socket } = request;
    if (socket.writableEnded) {
      if (count(socket, 1) > WAITING_MAX) socket.destroy(); // Node keeps each of them while the connection lingers.
    } else if (response.socket !== null) {
      listener(request, response);
    } else if (count(socket, 1) > WAITING_MAX) {
      socket.destroy();
    } else {
      response.once('socket', () => {
        count(socket, -1);
        listener(request, response);
      });
    }
  };
}
