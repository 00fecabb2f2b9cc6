import { valuesOf, withoutHeaders } from '../header-values.js';
import { CallFailed } from '../call-failed.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { StreamScrubber } from '../scrub/stream-scrubber.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import {
  type BodyFilter,
  HeldBody,
  responseTooLarge,
  ScrubbedBody,
  SlicedBody,
  unchangedBody,
} from './body-filter.js';
import { type AskedRange, sliceOf } from './byte-range.js';
import { type CallerHead } from './response-head.js';
import { isSearchableCharset } from './searchable-charset.js';

/** Most that `scrub: buffer` holds in memory, whatever the resource's limit is. */
export const HELD_BYTES_MAX = 10 * 1024 * 1024;

/** What the caller asked for, as far as it shapes the response. */
export interface AskedResponse {
  readonly method: string;
  readonly range: AskedRange | undefined;
  readonly ifRange: string | undefined;
}

/** How a response goes to the caller. */
export interface ResponsePlan {
  readonly head: CallerHead;
  readonly filter: BodyFilter;
  /** To be undone before the filter sees the body. */
  readonly codings: readonly string[];
  /** The head waits until the body is whole. */
  readonly held: boolean;
}

interface Circumstances {
  readonly resource: ProxiedResource;
  readonly matcher: TermSearch | undefined;
  readonly asked: AskedResponse;
}

/** @throws CallFailed when the response must not be passed on */
export function planResponse(head: CallerHead, circumstances: Circumstances): ResponsePlan {
  const { matcher, resource, asked } = circumstances;
  const pass = { head, filter: unchangedBody, codings: [], held: false };
  if (isBodiless(head, asked)) return pass;
  const bytesMax = resource.limits.responseBytesMax;
  if ((head.contentLength ?? 0) > bytesMax) throw responseTooLarge(bytesMax);
  if (matcher === undefined) return pass;
  refusePart(head);
  refuseCharset(head);
  return planScrubbing(head, new StreamScrubber(matcher), circumstances);
}

const isBodiless = ({ status }: CallerHead, { method }: AskedResponse): boolean =>
  method === 'HEAD' || status === 204 || status === 304;

/** No range was asked for: see outgoingRequest. 226 is a part too, or in a coding of another name (RFC 3229). */
function refusePart({ status }: CallerHead): void {
  if (status !== 206 && status !== 226) return;
  throw new CallFailed(
    'unscrubbable-encoding',
    'response_cut',
    'the destination sent a part that was not asked for; a part may cut the secret in two',
  );
}

/** A caller may have asked for it, and could read there what is searched for in vain. */
function refuseCharset({ headers }: CallerHead): void {
  if (valuesOf(headers, 'content-type').every(isSearchableCharset)) return;
  throw new CallFailed(
    'unscrubbable-encoding',
    'response_cut',
    'the response came in a charset that cannot be searched: UTF-32, UTF-7, EBCDIC or the like',
  );
}

function planScrubbing(
  head: CallerHead,
  scrubber: StreamScrubber,
  { resource, asked }: Circumstances,
): ResponsePlan {
  const { codings } = head;
  const decoded = codings.length === 0 ? head : withoutCoding(head);
  if (resource.scrub === 'buffer') {
    const bytesMax = Math.min(resource.limits.responseBytesMax, HELD_BYTES_MAX);
    return { head: decoded, filter: new HeldBody(scrubber, bytesMax), codings, held: true };
  }
  const filter = new ScrubbedBody(scrubber);
  if (codings.length > 0 || asked.range === undefined) {
    return { head: decoded, filter, codings, held: false };
  }
  const part = ranged(decoded, filter, asked);
  return { head: part.head, filter: part.filter, codings, held: false };
}

const OF_THE_CODING: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'repr-digest',
]);

/** The decoded body has another length and another digest; its strong validator is a weak one now. */
function withoutCoding(head: CallerHead): CallerHead {
  const headers = withoutHeaders(head.headers, OF_THE_CODING).map((text, index, all) => {
    const isEtag = index % 2 === 1 && all[index - 1]?.toLowerCase() === 'etag';
    return isEtag && text.startsWith('"') ? `W/${text}` : text;
  });
  return { ...head, headers, contentLength: undefined };
}

const OF_THE_WHOLE: ReadonlySet<string> = new Set([
  'content-length',
  'content-range',
  'content-md5',
]);

/** RFC 9110 section 14: the destination was asked for the whole; the range is cut from what was scrubbed. */
function ranged(
  head: CallerHead,
  filter: BodyFilter,
  asked: AskedResponse,
): { readonly head: CallerHead; readonly filter: BodyFilter } {
  const { contentLength: total } = head;
  if (asked.range === undefined || total === undefined || !mayBeRanged(head, asked)) {
    return { head, filter };
  }
  const slice = sliceOf(asked.range, total) ?? { first: 0, end: 0 };
  const empty = slice.end === 0;
  const contentRange = empty
    ? `bytes */${total}`
    : `bytes ${slice.first}-${slice.end - 1}/${total}`;
  const length = slice.end - slice.first;
  return {
    filter: new SlicedBody(filter, slice),
    head: {
      ...head,
      status: empty ? 416 : 206,
      statusText: empty ? 'Range Not Satisfiable' : 'Partial Content',
      contentLength: length,
      headers: [
        ...withoutHeaders(head.headers, OF_THE_WHOLE),
        ...['content-range', contentRange, 'content-length', String(length)],
      ],
    },
  };
}

function mayBeRanged(head: CallerHead, asked: AskedResponse): boolean {
  if (asked.method !== 'GET' || head.status !== 200) return false;
  if (valuesOf(head.headers, 'accept-ranges').join().trim().toLowerCase() !== 'bytes') return false;
  if (asked.ifRange === undefined) return true;
  // RFC 9110 section 13.1.5: by strong comparison, or the exact date.
  const validators = [
    ...valuesOf(head.headers, 'etag').filter((etag) => !etag.startsWith('W/')),
    ...valuesOf(head.headers, 'last-modified'),
  ];
  return validators.includes(asked.ifRange);
}
