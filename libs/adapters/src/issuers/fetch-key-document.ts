import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, errors, request } from 'undici';
import { AddressRefused, guardedLookup, permitsAddress } from '#adapters/http';
import { KEY_DOCUMENT_BYTES_MAX, KEY_DOCUMENT_TIMEOUT_MS } from './key-document-limits.js';
import { reasonOf } from './reason-of.js';

export type KeyDocument =
  { readonly kind: 'found'; readonly bytes: Uint8Array } | { readonly kind: 'absent' };

export interface KeyDocumentRequest {
  readonly address: string;
  /** Private and loopback addresses may be asked, and these without TLS; link-local ones never. */
  readonly allowPrivate: boolean;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/**
 * One GET for a public document of an issuer. Never follows a redirect, never talks to an address that must not be
 * contacted (RFC 8725bis section 3.10: what the name resolves to is checked, and that is what is connected to), never
 * reads more than `KEY_DOCUMENT_BYTES_MAX`.
 * @throws an error whose message names the URL and says what went wrong.
 */
export async function fetchKeyDocument(wanted: KeyDocumentRequest): Promise<KeyDocument> {
  const url = checkedUrl(wanted);
  const agent = new Agent({
    connect: {
      lookup: lookupFor(url, wanted.allowPrivate),
      timeout: KEY_DOCUMENT_TIMEOUT_MS,
      rejectUnauthorized: true, // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    },
    maxResponseSize: KEY_DOCUMENT_BYTES_MAX,
    pipelining: 0, // One request, one connection.
  });
  try {
    return await readDocument(url, wanted.signal, agent);
  } catch (error) {
    throw new Error(`${url.href} gave no document: ${problemOf(error, wanted.signal)}`, {
      cause: error,
    });
  } finally {
    await agent.destroy();
  }
}

async function readDocument(
  url: URL,
  signal: AbortSignal,
  dispatcher: Dispatcher,
): Promise<KeyDocument> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    headers: {
      accept: 'application/json, application/jwk-set+json',
      'accept-encoding': 'identity',
    },
  });
  body.on('error', ignore); // A body that nobody reads ends with an error when its connection is closed.
  if (statusCode === 404) return { kind: 'absent' };
  if (statusCode >= 300 && statusCode < 400) throw new Error('it redirects, which is refused');
  if (statusCode !== 200) throw new Error(`it answers ${statusCode}`);
  return { kind: 'found', bytes: await readBytes(body) };
}

const ignore = (): void => undefined;

async function readBytes(body: Dispatcher.ResponseData['body']): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > KEY_DOCUMENT_BYTES_MAX) throw new Error('it is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkedUrl({ address, allowPrivate }: KeyDocumentRequest): URL {
  if (!URL.canParse(address)) throw new Error(`the key address ${address} is not a URL`);
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') {
    throw new Error('the key address holds a user name or password');
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate)) {
    throw new Error(`the key address ${url.origin} is not https`);
  }
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0 && !mayContact(url, literal, allowPrivate)) {
    throw new Error(`the key address ${url.origin} must not be contacted`);
  }
  return url;
}

/** Keys in plain text are taken from one's own network only: on the way from elsewhere anybody could swap them. */
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

function problemOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `no answer within ${KEY_DOCUMENT_TIMEOUT_MS} ms`;
  return error instanceof errors.ResponseExceededMaxSizeError ? 'it is too large' : reasonOf(error);
}
