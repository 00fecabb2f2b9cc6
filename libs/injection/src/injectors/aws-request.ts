import { percentDecoded } from '../percent-decoding.js';
import { foldedName } from '../header-names.js';
import { type OutgoingDraft } from './injector.js';
import { percentEncoded } from './query.js';
import { unsuitableRequest } from './unsuitable-request.js';

/** The path is signed as it is, escaped once: S3 and its kin. */
const ESCAPED_ONCE: ReadonlySet<string> = new Set([
  's3',
  's3-object-lambda',
  's3-outposts',
  's3express',
]);
/** Signing makes a copy of all parameters for each of them. */
const QUERY_PARAMETERS_MAX = 256;
/** What a signature is made of, in a header or in a query: that of Postern replaces them. */
const SIGNING_NAMES: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-region-set',
  'x-amz-s3session-token',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
/** Beside `x-amz-*`, which must be signed all: what says how the body is understood. */
const SIGNED_HEADERS: ReadonlySet<string> = new Set(['content-md5', 'content-type', 'host']);

/** What of a request is signed. */
export interface SignedParts {
  readonly path: string;
  /** Decoded. */
  readonly query: Readonly<Record<string, string[]>>;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether the service signs the path as it is sent, and wants the digest of the body in a header. */
export const isLikeS3 = (service: string): boolean => ESCAPED_ONCE.has(service);

/** Whether a header of the caller is one that is put on here; what it says of the body is read before it goes. */
export const isSigningHeader = (folded: string): boolean =>
  folded === 'date' || (folded !== 'x-amz-content-sha256' && SIGNING_NAMES.has(folded));

/**
 * Brings a draft to the one form in which it is signed and sent: the caller's own signature is taken out, and the query is
 * escaped as the signature has it (RFC 3986 section 2.3), in the order in which it came.
 * @throws CallDenied
 */
export function signable(draft: OutgoingDraft, service: string): SignedParts {
  refuseChunked(draft.headers);
  draft.headers = sendable(draft.headers);
  const parameters = parametersOf(draft.query);
  draft.query = parameters.map(({ written }) => written).join('&');
  const path = isLikeS3(service) ? escapedOnce(draft.path) : draft.path;
  return { path, query: byName(parameters), headers: signedHeaders(draft.headers) };
}

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly written: string;
}

/**
 * Chunks that carry signatures of the caller's, or checksums behind them ("aws-chunked"), are no body that can be signed
 * anew: the destination would store the framing.
 */
function refuseChunked(headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) {
    const folded = foldedName(headers[index] ?? '');
    const value = (headers[index + 1] ?? '').toLowerCase();
    if (
      (folded === 'x-amz-content-sha256' && value.trim().startsWith('streaming-')) ||
      (folded === 'content-encoding' && value.includes('aws-chunked')) ||
      folded === 'x-amz-decoded-content-length' ||
      folded === 'x-amz-trailer'
    ) {
      throw unsuitableRequest('the body is aws-chunked: switch that off in the client');
    }
  }
}

/** `X_Amz_Target` could be read for a header that is signed, and would not be. */
function sendable(headers: readonly string[]): string[] {
  return headers.filter((_, index) => {
    const name = headers[index - (index % 2)] ?? '';
    const folded = foldedName(name);
    return !SIGNING_NAMES.has(folded) && !(folded.startsWith('x-amz-') && name.includes('_'));
  });
}

function signedHeaders(headers: readonly string[]): Record<string, string> {
  const signed = new Map<string, string[]>();
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase();
    if (!SIGNED_HEADERS.has(name) && !name.startsWith('x-amz-')) continue;
    const value = headers[index + 1] ?? '';
    if (!/^[\t\x20-\x7e]*$/.test(value)) throw unsuitableRequest('a signed header is not ASCII');
    signed.set(name, [...(signed.get(name) ?? []), value]);
  }
  return Object.fromEntries([...signed].map(([name, values]) => [name, values.join(',')]));
}

function parametersOf(query: string): readonly Parameter[] {
  const parameters = query
    .split('&')
    .filter((one) => one !== '')
    .map(parameterOf)
    .filter(({ name }) => !isSigningParameter(name.toLowerCase()));
  if (parameters.length > QUERY_PARAMETERS_MAX) {
    throw unsuitableRequest(`the query has more than ${QUERY_PARAMETERS_MAX} parameters`);
  }
  return parameters;
}

/** Those of version 2 as well: a request has one signature. */
const isSigningParameter = (name: string): boolean =>
  SIGNING_NAMES.has(name) || name === 'awsaccesskeyid';

function parameterOf(text: string): Parameter {
  const end = text.indexOf('=');
  const name = decoded(end < 0 ? text : text.slice(0, end));
  const value = end < 0 ? '' : decoded(text.slice(end + 1));
  if (name === '__proto__') throw unsuitableRequest('a parameter cannot be signed');
  const written =
    end < 0 ? percentEncoded(name) : `${percentEncoded(name)}=${percentEncoded(value)}`;
  return { name, value, written };
}

/** `+` is a space to those who write forms and to S3; as `%20` it is one to all. */
const decoded = (text: string): string => percentDecoded(text.replaceAll('+', ' '));

function byName(parameters: readonly Parameter[]): Record<string, string[]> {
  const named = new Map<string, string[]>();
  for (const { name, value } of parameters) named.set(name, [...(named.get(name) ?? []), value]);
  return Object.fromEntries(named);
}

/** The path as S3 sees it when it has decoded what was sent; the same bytes when a client of AWS wrote it. */
const escapedOnce = (path: string): string =>
  path
    .split('/')
    .map((segment) => percentEncoded(percentDecoded(segment)))
    .join('/');
