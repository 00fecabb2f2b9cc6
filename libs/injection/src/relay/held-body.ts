import { timerDelay } from '#kernel';
import { CallFailed } from '../call-failed.js';
import { type CallBody } from './call-body.js';

/** Most of a body that is held in memory for an injector; a resource may take less, and takes no more. */
export const HELD_BODY_BYTES_MAX = 1024 * 1024;

/** Most of a body that is held only to be sent again when a session has ended; others are streamed, and not sent again. */
export const RESENT_BODY_BYTES_MAX = 64 * 1024;

/** The whole body. @throws CallFailed when it is too large or too late, or the caller goes away */
export async function heldBody(body: CallBody, wholeMs: number): Promise<Buffer> {
  const late = setTimeout(() => {
    const what = `the body, which is held, did not come within ${wholeMs} ms`;
    body.destroy(new CallFailed('upstream-timeout', 'upstream_timeout', what));
  }, timerDelay(wholeMs));
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(late);
  }
}
