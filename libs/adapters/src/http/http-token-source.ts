import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  type ClientAuth,
  clientCredentialsGrant,
  Configuration,
  customFetch,
  type CustomFetchOptions,
  ResponseBodyError,
} from 'openid-client';
import { errors, request as send, type Dispatcher } from 'undici';
import { type AccessToken, TokenNotGiven, type TokenRequest, TokenSource } from '#injection';
import { Secret } from '#kernel';
import { AddressRefused } from './address-guard.js';
import { checkedUrl, EndpointRefused, guardedAgent, readAtMost } from './guarded-endpoint.js';

/** From connecting to the last byte of the answer. */
export const TOKEN_ANSWER_MS_MAX = 3_000;
export const TOKEN_ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Tokens by client credentials over HTTP (RFC 6749 section 4.4) with `openid-client`: one POST on a connection of its
 * own, with the guards that key endpoints have. Never follows a redirect, which would hand the credentials to somebody
 * else. Takes bearer tokens only.
 */
export class HttpTokenSource extends TokenSource {
  override async token(request: TokenRequest): Promise<AccessToken> {
    const signal = AbortSignal.timeout(TOKEN_ANSWER_MS_MAX);
    try {
      return await granted(request, signal);
    } catch (error) {
      // No cause: a client's error may carry the answer, and the request with its credentials.
      throw new TokenNotGiven(
        `the token endpoint gave no token: ${problemOf(error, signal)}`,
        isRefusal(error),
      );
    }
  }
}

async function granted(request: TokenRequest, signal: AbortSignal): Promise<AccessToken> {
  const { tokenEndpoint, allowPrivate } = request;
  const url = checkedUrl({ address: tokenEndpoint, what: 'token endpoint', allowPrivate });
  const agent = guardedAgent(url, allowPrivate, {
    connectTimeoutMs: TOKEN_ANSWER_MS_MAX,
    answerBytesMax: TOKEN_ANSWER_BYTES_MAX,
  });
  try {
    const client = clientOf(request, (_url, options) => post(url, options, { agent, signal }));
    const answer = await clientCredentialsGrant(client, parametersOf(request));
    if (answer.token_type !== 'bearer') throw new EndpointRefused('it gives no bearer token');
    return { token: Secret.of(answer.access_token), expiresInSeconds: answer.expires_in };
  } finally {
    await agent.destroy();
  }
}

type Fetch = (url: string, options: CustomFetchOptions) => Promise<Response>;

function clientOf(request: TokenRequest, fetch: Fetch): Configuration {
  const { tokenEndpoint, clientId, clientSecret, authentication } = request;
  const secret = clientSecret.reveal();
  const methods: Record<TokenRequest['authentication'], (secret: string) => ClientAuth> = {
    client_secret_basic: ClientSecretBasic,
    client_secret_post: ClientSecretPost,
  };
  const client = new Configuration(
    // No metadata is fetched: of the issuer there is only this endpoint.
    { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint },
    clientId.reveal(),
    {},
    methods[authentication](secret),
  );
  // Whether an endpoint without TLS may be asked was judged by checkedUrl.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- Marked so that it stands out.
  allowInsecureRequests(client);
  client[customFetch] = fetch;
  return client;
}

function parametersOf({ scope, audience, resource }: TokenRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ scope, audience, resource }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

/** A fetch that goes to the one URL that was judged, whatever it is asked for. */
async function post(
  url: URL,
  { body, headers }: CustomFetchOptions,
  { agent, signal }: { readonly agent: Dispatcher; readonly signal: AbortSignal },
): Promise<Response> {
  if (!(body instanceof URLSearchParams)) throw new EndpointRefused('it would be sent no form');
  const answer = await send(url, {
    dispatcher: agent,
    signal,
    method: 'POST',
    headers: { ...headers, 'accept-encoding': 'identity' },
    body: body.toString(),
  });
  answer.body.on('error', ignore); // A body that nobody reads ends with an error when its connection is closed.
  const { statusCode: status } = answer;
  if (status >= 300 && status < 400) throw new EndpointRefused('it redirects, which is refused');
  if (status >= 500) throw new EndpointRefused(`it answers ${status}`);
  const type = answer.headers['content-type'];
  return new Response(await readAtMost(answer.body, TOKEN_ANSWER_BYTES_MAX), {
    status,
    headers: typeof type === 'string' ? { 'content-type': type } : {},
  });
}

const ignore = (): void => undefined;
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
/** RFC 6749 section 5.2, and RFC 8707. */
const OAUTH_ERRORS: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

/** RFC 6749 section 5.2: what it says of the client, and not of this one request. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);

const isRefusal = (error: unknown): boolean =>
  chainOf(error).some(
    (one) => one instanceof ResponseBodyError && one.status < 500 && CLIENT_ERRORS.has(one.error),
  );

/** In words of our own, or by the code of the error: messages of others may quote what was sent. */
function problemOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return `no answer within ${TOKEN_ANSWER_MS_MAX} ms`;
  for (const reason of chainOf(error)) {
    if (reason instanceof EndpointRefused || reason instanceof AddressRefused)
      return reason.message;
    if (reason instanceof errors.ResponseExceededMaxSizeError) return 'it is too large';
    if (reason instanceof ResponseBodyError) {
      const named = OAUTH_ERRORS.has(reason.error) ? reason.error : 'with an error';
      return `it answers ${reason.status} ${named}`;
    }
  }
  const code = chainOf(error)
    .map(codeOf)
    .findLast((one) => one !== undefined);
  return `it cannot be asked, or does not answer as RFC 6749 says${code === undefined ? '' : ` (${code})`}`;
}

const CAUSES_MAX = 5;

/** An error and what it comes from. */
function chainOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < CAUSES_MAX) {
    chain.push(next);
    next = next.cause;
  }
  return chain;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : undefined;
}
