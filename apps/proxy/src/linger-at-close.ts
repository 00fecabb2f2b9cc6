import { type Socket } from 'node:net';
import { destroyAfter } from '#platform';

const LINGER_MS = 2_000;

/**
 * A connection that is closed while its caller still sends is reset, and the answer may be lost with it (RFC 9112 section
 * 9.6). So what still comes after the answer is taken and dropped, until the caller ends it or two seconds are over.
 */
export function lingerAtClose(socket: Socket): void {
  // What node:http calls after the last answer of a connection.
  socket.destroySoon = () => {
    endAndLinger(socket);
  };
}

/** Ends a connection now, and lets go of it after two seconds, whether or not its caller ever ends it. */
export function endAndLinger(socket: Socket): void {
  socket.end();
  destroyAfter(socket, LINGER_MS);
}
