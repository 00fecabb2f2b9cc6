import { type Dispatcher, errors, request } from 'undici';
import {
  AddressRefused,
  checkedUrl,
  EndpointRefused,
  guardedAgent,
  readAtMost,
} from '#adapters/http';
import {
  type IntrospectionAnswer,
  type IntrospectionRegistration,
  parseIntrospectionAnswer,
  TokenIntrospector,
} from '#identity';
import { DependencyUnavailable, PosternError } from '#kernel';
import {
  basicAuthorization,
  type ClientCredentials,
  type ClientSecretOf,
} from './client-credentials.js';

export interface HttpTokenIntrospectorParts {
  readonly clientSecretOf: ClientSecretOf;
}

/** From the first step, reading the credentials, to the last byte of the answer. */
export const INTROSPECTION_TIMEOUT_MS = 3_000;
export const INTROSPECTION_ANSWER_BYTES_MAX = 64 * 1024;
/** Questions under way for one issuer: a slow endpoint holds as many callers, and not the process. */
export const INTROSPECTIONS_AT_ONCE_MAX = 64;

/**
 * Introspection over HTTP (RFC 7662 section 2.1): one POST a question, on a connection of its own, with the guards that
 * key endpoints have. Never follows a redirect, which would hand token and credentials to somebody else.
 */
export class HttpTokenIntrospector extends TokenIntrospector {
  /** How many questions are under way, by the id of the issuer. */
  readonly #underWay = new Map<string, number>();

  constructor(private readonly parts: HttpTokenIntrospectorParts) {
    super();
  }

  override async introspect(
    issuer: IntrospectionRegistration,
    token: string,
  ): Promise<IntrospectionAnswer> {
    const underWay = this.#underWay.get(issuer.id) ?? 0;
    if (underWay >= INTROSPECTIONS_AT_ONCE_MAX) {
      throw unavailable(issuer, `${INTROSPECTIONS_AT_ONCE_MAX} questions are under way already`);
    }
    this.#underWay.set(issuer.id, underWay + 1);
    try {
      return parseIntrospectionAnswer(await this.#ask(issuer, token));
    } finally {
      this.#underWay.set(issuer.id, (this.#underWay.get(issuer.id) ?? 1) - 1);
    }
  }

  async #ask(issuer: IntrospectionRegistration, token: string): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS);
    try {
      const credentials = await orAbort(this.parts.clientSecretOf(issuer), signal);
      return await post({ issuer, token, credentials, signal });
    } catch (error) {
      // No cause: an HTTP client's error may carry the answer, and the request with its credentials.
      throw unavailable(issuer, problemOf(error, signal));
    }
  }
}

interface Question {
  readonly issuer: IntrospectionRegistration;
  readonly token: string;
  readonly credentials: ClientCredentials;
  readonly signal: AbortSignal;
}

async function post(question: Question): Promise<Uint8Array> {
  const { endpoint: address, allowPrivateEndpoint: allowPrivate } = question.issuer;
  const url = checkedUrl({ address, what: 'introspection endpoint', allowPrivate });
  const agent = guardedAgent(url, allowPrivate, {
    connectTimeoutMs: INTROSPECTION_TIMEOUT_MS,
    answerBytesMax: INTROSPECTION_ANSWER_BYTES_MAX,
  });
  try {
    return await readAnswer(url, question, agent);
  } finally {
    await agent.destroy();
  }
}

async function readAnswer(
  url: URL,
  { token, credentials, signal }: Question,
  dispatcher: Dispatcher,
): Promise<Uint8Array> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal,
    method: 'POST',
    headers: {
      authorization: basicAuthorization(credentials),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
    },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
  });
  body.on('error', ignore); // A body that nobody reads ends with an error when its connection is closed.
  if (statusCode !== 200) throw new EndpointRefused(`it ${refusalOf(statusCode)}`);
  return await readAtMost(body, INTROSPECTION_ANSWER_BYTES_MAX);
}

const ignore = (): void => undefined;

/** RFC 7662 section 2.2: of a token that is not valid an endpoint says so by 200. Any other status is about us. */
function refusalOf(statusCode: number): string {
  if (statusCode >= 300 && statusCode < 400) return 'redirects, which is refused';
  const isAboutCredentials = statusCode === 401 || statusCode === 403;
  return `answers ${statusCode}${isAboutCredentials ? ': correct the client credentials' : ''}`;
}

/** What comes first; a promise that comes later is nobody's concern any more. */
const orAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    promise,
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new EndpointRefused('too late')), {
        once: true,
      });
    }),
  ]);

const unavailable = (issuer: IntrospectionRegistration, problem: string): DependencyUnavailable =>
  new DependencyUnavailable(
    'token-introspection',
    `tokens of issuer ${issuer.id} cannot be introspected: ${problem}`,
  );

const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** In words of our own, or by the code of the error: messages of others may quote what was sent. */
function problemOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `no answer within ${INTROSPECTION_TIMEOUT_MS} ms`;
  if (error instanceof errors.ResponseExceededMaxSizeError) return 'it is too large';
  const isOurs =
    error instanceof EndpointRefused ||
    error instanceof AddressRefused ||
    error instanceof PosternError;
  if (isOurs) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  const named = typeof code === 'string' && ERROR_CODE.test(code) ? ` (${code})` : '';
  return `the endpoint could not be asked${named}`;
}
