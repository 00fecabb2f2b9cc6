import { type Upstream, type UpstreamFailed, type UpstreamRequest } from '../upstream.js';
import { SessionNotOpened } from './session-opener.js';

/** A page of a login is no document. */
const BODY_BYTES_MAX = 256 * 1024;

export interface LoginAnswer {
  readonly status: number;
  readonly rawHeaders: readonly Buffer[];
  readonly body: Buffer;
}

/**
 * One request of our own to the destination, with the limits of its resource, and its whole answer.
 * @throws SessionNotOpened when there is none, or a larger one than 256 KiB
 */
export function loginExchange(upstream: Upstream, request: UpstreamRequest): Promise<LoginAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: Omit<LoginAnswer, 'body'> = { status: 0, rawHeaders: [] };
    let length = 0;
    const controller = upstream.send(request, {
      onHead: (status, _statusText, rawHeaders) => {
        head = { status, rawHeaders };
      },
      onData: (chunk) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length <= BODY_BYTES_MAX) return true;
        reject(new SessionNotOpened('an answer of the login is too large'));
        controller.abort(new Error('too large'));
        return false;
      },
      onEnd: () => resolve({ ...head, body: Buffer.concat(chunks) }),
      onError: ({ condition, message }: UpstreamFailed) => {
        reject(
          new SessionNotOpened(
            `the destination did not answer the login: ${condition}, ${message}`,
          ),
        );
      },
    });
  });
}
