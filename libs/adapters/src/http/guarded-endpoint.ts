import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';
import { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';

/** An address of an issuer or a token endpoint, from its registration or its discovery document. */
export interface GuardedEndpoint {
  readonly address: string;
  /** For messages. */
  readonly what: 'key address' | 'introspection endpoint' | 'token endpoint';
  /** Private and loopback addresses may be asked, and these without TLS; link-local ones never. */
  readonly allowPrivate: boolean;
}

export interface EndpointLimits {
  readonly connectTimeoutMs: number;
  readonly answerBytesMax: number;
  /** PEM of who may vouch for the certificate of the endpoint; those of the system when absent. */
  readonly certificateAuthorities?: string | undefined;
}

/** The endpoint may not be asked, or answers with what is not taken. The message quotes nothing that it sent. */
export class EndpointRefused extends Error {}

/** @throws EndpointRefused for what is no URL, not https, or an address that must not be contacted. */
export function checkedUrl({ address, what, allowPrivate }: GuardedEndpoint): URL {
  if (!URL.canParse(address)) throw new EndpointRefused(`the ${what} ${address} is not a URL`);
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') {
    throw new EndpointRefused(`the ${what} holds a user name or password`);
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate)) {
    throw new EndpointRefused(`the ${what} ${url.origin} is not https`);
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !mayContact(url, literal, allowPrivate)) {
    throw new EndpointRefused(`the ${what} ${url.origin} must not be contacted`);
  }
  return url;
}

/**
 * Connections for one request to a checked URL: what its name resolves to is judged, and that is what is connected to
 * (RFC 8725bis section 3.10). The caller destroys it.
 */
export function guardedAgent(
  url: URL,
  allowPrivate: boolean,
  { connectTimeoutMs, answerBytesMax, certificateAuthorities }: EndpointLimits,
): Agent {
  return new Agent({
    connect: {
      lookup: lookupFor(url, allowPrivate),
      timeout: connectTimeoutMs,
      rejectUnauthorized: true, // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
    },
    maxResponseSize: answerBytesMax,
    pipelining: 0, // One request, one connection.
  });
}

/** @throws EndpointRefused for more than that. */
export async function readAtMost(
  body: Dispatcher.ResponseData['body'],
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) throw new EndpointRefused('it is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** In plain text one's own network only is asked: on the way to elsewhere anybody could read and swap what is said. */
const mayContact = (url: URL, address: string, allowPrivate: boolean): boolean =>
  permitsAddress(address, allowPrivate) &&
  (url.protocol === 'https:' || !permitsAddress(address, false));

function lookupFor(url: URL, allowPrivate: boolean): LookupFunction {
  const guarded = guardedLookup(allowPrivate);
  if (url.protocol === 'https:') return guarded;
  return (hostname, options, callback) => {
    guarded(hostname, { ...options, all: true }, (error, addresses) => {
      const all = typeof addresses === 'string' ? [] : addresses;
      const own = all.filter(({ address }) => mayContact(url, address, allowPrivate));
      const first = own[0];
      if (error !== null || first === undefined) callback(error ?? publicAndPlain(hostname), [], 0);
      else if (options.all === true) callback(null, own, 0);
      else callback(null, first.address, first.family);
    });
  };
}

const publicAndPlain = (hostname: string): AddressRefused =>
  new AddressRefused(`${hostname} is not on a private network, and the address is not https`);
