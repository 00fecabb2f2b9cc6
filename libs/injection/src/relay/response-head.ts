import { CallFailed } from '../call-failed.js';
import { valuesOf } from '../header-values.js';
import { foldedName, isRefusedFromDestinations, namedByConnection } from '../header-names.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import { HeadScrubbing } from './head-scrubbing.js';
import { callerLocation } from './location.js';

/** A response head as the destination sent it. */
export interface RawHead {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly Buffer[];
}

/** A response head on its way to the caller. */
export interface CallerHead {
  status: number;
  statusText: string;
  /** Name, value, name, value ... */
  headers: string[];
  /** Codings of the body in the order in which they were applied, `identity` left out. */
  readonly codings: readonly string[];
  /** Undefined when the destination did not say. */
  readonly contentLength: number | undefined;
  /** Occurrences of the secret that were replaced. */
  readonly hits: number;
}

const STATUS_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * What of the head goes to the caller: scrubbed, without what holds for the connection only, redirects into the
 * destination pointing back to us.
 * @throws CallFailed when the body is in a transfer coding that would hide it from the scrubber, or of no plain length
 */
export function callerHead(
  raw: RawHead,
  resource: ProxiedResource,
  matcher: TermSearch | undefined,
): CallerHead {
  const scrubbing = new HeadScrubbing(matcher);
  const texts = raw.rawHeaders.map((text) => text.toString('latin1'));
  const headers = callerHeaders({ raw, texts }, resource, scrubbing);
  const statusText = scrubbing.text(Buffer.from(raw.statusText, 'latin1'), raw.statusText);
  return {
    status: raw.status,
    statusText: STATUS_TEXT.test(statusText) ? statusText : '',
    headers,
    codings: codingsOf(texts),
    contentLength: lengthOf(headers),
    hits: scrubbing.hits,
  };
}

/** `texts`: the headers in latin1. */
function callerHeaders(
  { raw: { rawHeaders }, texts }: { readonly raw: RawHead; readonly texts: readonly string[] },
  resource: ProxiedResource,
  scrubbing: HeadScrubbing,
): string[] {
  const dropped = namedByConnection(texts);
  const headers: string[] = [];
  for (let index = 0; index < texts.length; index += 2) {
    const folded = foldedName(texts[index] ?? '');
    if (folded === 'transfer-encoding') scrubbing.checkTransferCoding(texts[index + 1] ?? '');
    if (isRefusedFromDestinations(folded) || dropped.has(folded)) continue;
    const value = scrubbing.text(rawHeaders[index + 1], texts[index + 1]);
    headers.push(
      scrubbing.text(rawHeaders[index], texts[index]),
      folded === 'location' ? callerLocation(value, resource) : value,
    );
  }
  return headers;
}

/** Also when Connection names the header, so that the caller does not get it: the body is in the coding all the same. */
function codingsOf(texts: readonly string[]): readonly string[] {
  return valuesOf(texts, 'content-encoding')
    .flatMap((value) => value.toLowerCase().split(','))
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** A length that a reader could overflow on is none (RFC 9110 section 8.6). @throws CallFailed */
function lengthOf(headers: readonly string[]): number | undefined {
  const [value] = valuesOf(headers, 'content-length');
  if (value === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(value)) return Number(value);
  throw new CallFailed(
    'upstream-failed',
    'upstream_error',
    'the Content-Length of the response is not one decimal number of at most 15 digits',
  );
}
