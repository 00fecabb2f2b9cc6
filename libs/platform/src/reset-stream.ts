import { type ServerHttp2Stream } from 'node:http2';

/**
 * Ends a stream of HTTP/2 at once. node:http2 does nothing more with one that its caller reset, and keeps it until all of
 * its answer was taken.
 */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
  if (stream.closed) stream.destroy();
  else stream.close(code);
}

/**
 * One that its caller resets with NO_ERROR would be kept with what could not be sent of its answer, and neither the limit
 * of streams nor that of frames would count it.
 */
export function letGoWhenReset(stream: ServerHttp2Stream): void {
  const letGo = (): void => {
    if (stream.closed) setImmediate(() => stream.destroy());
  };
  stream.once('aborted', letGo).once('end', letGo);
}
