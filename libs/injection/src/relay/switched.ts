import { valuesOf, withoutHeaders } from '../header-values.js';
import { type Duplex } from 'node:stream';
import { CallFailed } from '../call-failed.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { FrameScrubber } from '../scrub/frame-scrubber.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import { callerHead } from './response-head.js';
import { WebSocketSession } from './websocket-session.js';

/** How a call becomes a WebSocket. */
export interface Switching {
  /** Answers 101 with these headers (name, value, name, value ...), and gives the connection of the caller. */
  readonly answer: (headers: string[]) => Duplex;
  /** How long its handle lives from now on: a session does not outlive it, whatever passes. */
  readonly lifeMs: number;
}

export interface SwitchedParts extends Switching {
  readonly resource: ProxiedResource;
  /** Undefined: nothing is scrubbed. */
  readonly matcher: TermSearch | undefined;
}

export interface SwitchedAnswer {
  readonly rawHeaders: readonly Buffer[];
  readonly destination: Duplex;
}

/** What frames a 101 otherwise: it has no body. */
const OF_A_BODY: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'content-encoding',
]);

/**
 * Passes on that the destination switched, its head scrubbed, and lets the session begin.
 * @throws CallFailed when it switched to what was not asked for, or to frames that cannot be searched
 */
export function switched(
  { answer, lifeMs, resource, matcher }: SwitchedParts,
  { rawHeaders, destination }: SwitchedAnswer,
): { readonly hits: number; readonly session: WebSocketSession } {
  const texts = rawHeaders.map((text) => text.toString('latin1'));
  if (valuesOf(texts, 'upgrade').join().trim().toLowerCase() !== 'websocket') {
    throw new CallFailed(
      'upstream-failed',
      'upstream_error',
      'the destination switched to another protocol',
    );
  }
  const head = callerHead({ status: 101, statusText: '', rawHeaders }, resource, matcher);
  if (matcher !== undefined && valuesOf(head.headers, 'sec-websocket-extensions').length > 0) {
    throw new CallFailed(
      'unscrubbable-encoding',
      'response_cut',
      'the destination uses an extension that was not offered',
    );
  }
  const headers = [
    ...withoutHeaders(head.headers, OF_A_BODY),
    ...['connection', 'Upgrade', 'upgrade', 'websocket'],
  ];
  const scrubber = matcher === undefined ? undefined : new FrameScrubber(matcher);
  const caller = answer(headers);
  const session = new WebSocketSession({
    ...{ caller, destination, scrubber, lifeMs },
    limits: resource.limits,
  });
  return { hits: head.hits, session };
}
