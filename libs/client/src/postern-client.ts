/** What a workload needs to ask for: one resource, and the scopes of it that this task uses. */
export interface ExchangeRequest {
  /** A fresh token of the workload's own identity: a JWT of a registered issuer. */
  readonly subjectToken: string;
  /** Resource id, such as `ledger`. */
  readonly audience: string;
  /** Without it the grant's default scopes apply, when it has any. */
  readonly scopes?: readonly string[];
}

/** A handle: good for one resource, a few operations and a few minutes. Keep it in memory only. */
export interface IssuedHandle {
  readonly handle: string;
  /** Public id, for logs and for asking an operator. */
  readonly handleId: string;
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
}

/** Postern refused. `code` is the OAuth error or the `postern-error` header. */
export class PosternRefused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly correlationId: string | undefined,
  ) {
    super(
      `Postern refused: ${code} (${status})` +
        (correlationId === undefined ? '' : `; an operator can explain ${correlationId}`),
    );
    this.name = 'PosternRefused';
  }
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const REQUEST_TIMEOUT_MS = 15_000;

/** Exchanges a workload identity for handles and calls legacy systems with them. Runs on any runtime with `fetch`. */
export class PosternClient {
  readonly #origin: string;

  /** @param origin Postern's public origin, such as `https://postern.example`. */
  constructor(origin: string) {
    this.#origin = origin.replace(/\/$/, '');
  }

  /**
   * RFC 8693 token exchange.
   * @throws PosternRefused
   */
  async exchange(request: ExchangeRequest): Promise<IssuedHandle> {
    const form = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      subject_token: request.subjectToken,
      subject_token_type: JWT_TYPE,
      audience: request.audience,
    });
    if (request.scopes !== undefined) form.set('scope', request.scopes.join(' '));
    const response = await this.#post('/oauth2/token', form);
    const answer = (await response.json()) as TokenResponse;
    return {
      handle: answer.access_token,
      handleId: answer.handle_id,
      scopes: answer.scope.split(' '),
      expiresInSeconds: answer.expires_in,
    };
  }

  /**
   * Calls the resource: like `fetch`, with a path below the resource instead of a URL. Answers of the legacy system
   * come back whatever their status; refusals of Postern carry the header `postern-error`.
   */
  async call(
    handle: string,
    resource: string,
    path: string,
    init?: RequestInit,
  ): Promise<Response> {
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${handle}`);
    const url = `${this.#origin}/proxy/${resource}/${path.replace(/^\//, '')}`;
    return fetch(url, { redirect: 'manual', ...init, headers });
  }

  /**
   * RFC 7009: takes the handle's authority away, for ever. An unknown handle is no error.
   * @throws PosternRefused
   */
  async revoke(handle: string): Promise<void> {
    await this.#post('/oauth2/revoke', new URLSearchParams({ token: handle }));
  }

  async #post(path: string, form: URLSearchParams): Promise<Response> {
    const response = await fetch(this.#origin + path, {
      method: 'POST',
      body: form,
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (response.ok) return response;
    const answer = (await response.json().catch(() => ({}))) as { error?: string };
    throw new PosternRefused(
      response.status,
      answer.error ?? 'unexpected_answer',
      response.headers.get('postern-correlation-id') ?? undefined,
    );
  }
}

interface TokenResponse {
  readonly access_token: string;
  readonly handle_id: string;
  readonly scope: string;
  readonly expires_in: number;
}
