import { foldedName, isRefusedFromDestinations } from '../header-names.js';
import { scrubText } from '../scrub/scrub-text.js';
import { type TermMatcher } from '../scrub/term-matcher.js';

/** RFC 9110 section 6.5.1: fields that mean something only before the body. */
const REFUSED: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'location',
  'set-cookie',
  'www-authenticate',
]);

/** The trailers that go to the caller, scrubbed. */
export function callerTrailers(
  rawTrailers: readonly Buffer[],
  matcher: TermMatcher | undefined,
): { readonly trailers: [string, string][]; readonly hits: number } {
  const trailers: [string, string][] = [];
  let hits = 0;
  const scrubbed = (bytes: Buffer | undefined): string => {
    if (bytes === undefined) return '';
    if (matcher === undefined) return bytes.toString('latin1');
    const result = scrubText(matcher, bytes);
    hits += result.hits;
    return result.text;
  };
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const folded = foldedName(rawTrailers[index]?.toString('latin1') ?? '');
    if (REFUSED.has(folded) || isRefusedFromDestinations(folded)) continue;
    trailers.push([scrubbed(rawTrailers[index]), scrubbed(rawTrailers[index + 1])]);
  }
  return { trailers, hits };
}
