import { type IncomingHttpHeaders } from 'node:http';
import { HEAD_BYTES_MAX } from './head-limits.js';
import { MalformedRequest } from './malformed-request.js';

/** The head of a request of HTTP/1.1 that says the same as one of HTTP/2. */
export interface RequestHead {
  readonly method: string;
  /** `:path`, byte for byte. */
  readonly url: string;
  /** Name, value, name, value ... `host` first. */
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
}

/** A request of HTTP/2 as node:http2 hands it out. */
export interface ReceivedHead {
  /** Name, value, name, value ... as received. */
  readonly rawHeaders: readonly string[];
  /** The same, joined as IncomingMessage has them. */
  readonly headers: IncomingHttpHeaders;
  /** Nothing follows the head. */
  readonly endsHere: boolean;
}

const PSEUDO_HEADERS = [':method', ':scheme', ':authority', ':path'] as const;
type PseudoHeader = (typeof PSEUDO_HEADERS)[number];

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9113 section 8.2.1: nothing that ends a line elsewhere, no white space around it. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
/** Origin form (RFC 9112 section 3.2.1), in visible ASCII. */
const PATH = /^\/[\x21-\x7e]*$/;
/** A name or an address, and a port; no userinfo (RFC 9113 section 8.3.1). */
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+=:[\]]+$/;
/** Headers that HTTP/2 does not have (RFC 9113 section 8.2.2). */
export const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads a request of HTTP/2 as the one request of HTTP/1.1 that says the same (RFC 9113 section 8.3.1 and RFC 9110 section
 * 7.2): all that is judged and forwarded afterwards is in one form. nghttp2 refuses most of what is refused here; this is
 * the second pair of eyes.
 * @throws MalformedRequest
 */
export function http2Head({ rawHeaders, headers, endsHere }: ReceivedHead): RequestHead {
  refuseTooLarge(rawHeaders);
  const { pseudo, regular } = separated(rawHeaders);
  const method = methodOf(pseudo);
  const url = pathOf(pseudo, method);
  const host = hostOf(pseudo, regular);
  const raw = ['host', host, ...withoutHost(regular)];
  checkLength(raw, endsHere);
  const chunked = !endsHere && headers['content-length'] === undefined;
  if (chunked) raw.push('transfer-encoding', 'chunked');
  return {
    method,
    url,
    rawHeaders: withOneCookie(raw),
    headers: {
      ...withoutPseudo(headers),
      host,
      ...(chunked ? { 'transfer-encoding': 'chunked' } : {}),
    },
  };
}

function refuseTooLarge(rawHeaders: readonly string[]): void {
  let bytes = 0;
  for (const text of rawHeaders) bytes += text.length;
  if (bytes > HEAD_BYTES_MAX) throw new MalformedRequest('the head is larger than 16 KiB', 431);
}

interface Separated {
  readonly pseudo: ReadonlyMap<PseudoHeader, string>;
  readonly regular: readonly string[];
}

/** Each pseudo header at most once, and before the others (RFC 9113 section 8.3). */
function separated(rawHeaders: readonly string[]): Separated {
  const pseudo = new Map<PseudoHeader, string>();
  const regular: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (name.startsWith(':')) {
      if (!isPseudo(name) || pseudo.has(name) || regular.length > 0) {
        throw new MalformedRequest('a pseudo header is unknown, stands twice or behind a header');
      }
      pseudo.set(name, value);
    } else {
      checkHeader(name, value);
      regular.push(name, value);
    }
  }
  return { pseudo, regular };
}

const isPseudo = (name: string): name is PseudoHeader =>
  (PSEUDO_HEADERS as readonly string[]).includes(name);

function checkHeader(name: string, value: string): void {
  if (!NAME.test(name)) throw new MalformedRequest('the name of a header is none');
  if (!VALUE.test(value)) throw new MalformedRequest('the value of a header is none');
  if (OF_A_CONNECTION.has(name)) throw new MalformedRequest('a header is of a connection');
  if (name === 'te' && value.toLowerCase() !== 'trailers') {
    throw new MalformedRequest('TE asks for more than trailers');
  }
}

/** CONNECT, also the extended one (RFC 8441), asks for a tunnel: there is none. */
function methodOf(pseudo: ReadonlyMap<PseudoHeader, string>): string {
  const method = pseudo.get(':method') ?? '';
  if (!METHOD.test(method)) throw new MalformedRequest('the method is none');
  if (method === 'CONNECT') throw new MalformedRequest('CONNECT is never served');
  return method;
}

function pathOf(pseudo: ReadonlyMap<PseudoHeader, string>, method: string): string {
  if (pseudo.get(':scheme') !== 'https') throw new MalformedRequest('the scheme is not https');
  const path = pseudo.get(':path') ?? '';
  if (PATH.test(path) || (path === '*' && method === 'OPTIONS')) return path;
  throw new MalformedRequest('the path is not in origin form');
}

/** RFC 9113 section 8.3.1: `:authority`, and a Host that says the same or is not there. */
function hostOf(pseudo: ReadonlyMap<PseudoHeader, string>, regular: readonly string[]): string {
  const hosts = regular.filter((_, index) => index % 2 === 1 && regular[index - 1] === 'host');
  const authority = pseudo.get(':authority') ?? hosts[0] ?? '';
  if (!AUTHORITY.test(authority)) {
    throw new MalformedRequest('the authority is no plain host and port');
  }
  if (hosts.length > 1 || (hosts[0] ?? authority).toLowerCase() !== authority.toLowerCase()) {
    throw new MalformedRequest('Host says something else than the authority, or stands twice');
  }
  return authority;
}

const withoutHost = (regular: readonly string[]): string[] =>
  regular.filter((_, index) => regular[index - (index % 2)] !== 'host');

/** RFC 9113 section 8.1.1: what comes must be as long as it says; nghttp2 counts it, and so does who reads it. */
function checkLength(raw: readonly string[], endsHere: boolean): void {
  const lengths = raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === 'content-length');
  const [length = '0'] = lengths;
  if (lengths.length > 1 || !/^[0-9]{1,15}$/.test(length)) {
    throw new MalformedRequest('Content-Length is not one decimal number');
  }
  if (endsHere && Number(length) > 0)
    throw new MalformedRequest('a body is announced, and none comes');
}

/** RFC 9113 section 8.2.3: whoever reads HTTP/1.1 expects one. */
function withOneCookie(raw: readonly string[]): string[] {
  const crumbs = raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === 'cookie');
  if (crumbs.length < 2) return [...raw];
  const rest = raw.filter((_, index) => raw[index - (index % 2)] !== 'cookie');
  return [...rest, 'cookie', crumbs.join('; ')];
}

const withoutPseudo = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
