import { type Dispatcher, errors, request } from 'undici';
import { checkedUrl, guardedAgent, readAtMost } from '#adapters/http';
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
  /** PEM; those of the system when absent. */
  readonly certificateAuthorities?: string | undefined;
}

/**
 * One GET for a public document of an issuer. Never follows a redirect, never talks to an address that must not be
 * contacted (RFC 8725bis section 3.10: what the name resolves to is checked, and that is what is connected to), never
 * reads more than `KEY_DOCUMENT_BYTES_MAX`.
 * @throws an error whose message names the URL and says what went wrong.
 */
export async function fetchKeyDocument(wanted: KeyDocumentRequest): Promise<KeyDocument> {
  const { address, allowPrivate } = wanted;
  const url = checkedUrl({ address, what: 'key address', allowPrivate });
  const agent = guardedAgent(url, allowPrivate, {
    connectTimeoutMs: KEY_DOCUMENT_TIMEOUT_MS,
    answerBytesMax: KEY_DOCUMENT_BYTES_MAX,
    certificateAuthorities: wanted.certificateAuthorities,
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
  return { kind: 'found', bytes: await readAtMost(body, KEY_DOCUMENT_BYTES_MAX) };
}

const ignore = (): void => undefined;

function problemOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `no answer within ${KEY_DOCUMENT_TIMEOUT_MS} ms`;
  return error instanceof errors.ResponseExceededMaxSizeError ? 'it is too large' : reasonOf(error);
}
