import { type Socket } from 'node:net';

/** Lets go of a connection that was ended: who does not read never learns of its end, and could keep it. */
export function destroyAfter(socket: Socket, ms: number): void {
  const timer = setTimeout(() => socket.destroy(), ms).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
}
