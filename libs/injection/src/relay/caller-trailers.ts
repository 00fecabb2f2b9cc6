import { foldedName, isRefusedFromDestinations } from '../header-names.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import { HeadScrubbing } from './head-scrubbing.js';

/** RFC 9110 section 6.5.1: fields that mean something only before the body: framing, routing, authentication, caching. */
const REFUSED: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expires',
  'host',
  'location',
  'pragma',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
]);

/** The trailers that go to the caller, scrubbed. */
export function callerTrailers(
  rawTrailers: readonly Buffer[],
  matcher: TermSearch | undefined,
): { readonly trailers: [string, string][]; readonly hits: number } {
  const scrubbing = new HeadScrubbing(matcher);
  const trailers: [string, string][] = [];
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const folded = foldedName(rawTrailers[index]?.toString('latin1') ?? '');
    if (REFUSED.has(folded) || isRefusedFromDestinations(folded)) continue;
    trailers.push([scrubbing.text(rawTrailers[index]), scrubbing.text(rawTrailers[index + 1])]);
  }
  return { trailers, hits: scrubbing.hits };
}
