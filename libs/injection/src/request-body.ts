import { CallDenied } from './call-denied.js';
import { isNamed } from './header-values.js';
import { type IncomingCall } from './incoming-call.js';
import { type BodyLimits, CallBody } from './relay/call-body.js';

/** What the headers say of the body. */
export interface AnnouncedBody {
  readonly present: boolean;
  /** Undefined when it is chunked. */
  readonly bytes: number | undefined;
  /** The caller waits to be asked for it (RFC 9110 section 10.1.1). */
  readonly expected: boolean;
}

export function announcedBody(rawHeaders: readonly string[]): AnnouncedBody {
  let bytes: number | undefined;
  let chunked = false;
  let expected = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (isNamed(name, 'content-length')) bytes = Number(rawHeaders[index + 1]);
    else if (isNamed(name, 'transfer-encoding')) chunked = true;
    else if (isNamed(name, 'expect')) expected = true;
  }
  return { present: chunked || (bytes ?? 0) > 0, bytes, expected };
}

/** @throws CallDenied when the announced length is over the limit */
export function refuseTooLarge({ bytes }: AnnouncedBody, bytesMax: number): void {
  if (bytes === undefined || bytes <= bytesMax) return;
  throw new CallDenied({
    code: 'request-too-large',
    reason: 'request_too_large',
    detail: `a body of ${bytes} bytes, and the resource takes ${bytesMax} at most`,
  });
}

export const bodyOf = (
  incoming: IncomingCall,
  announced: AnnouncedBody,
  limits: BodyLimits,
): CallBody | undefined => (announced.present ? new CallBody(incoming, limits) : undefined);
