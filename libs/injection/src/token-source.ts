import { PosternError, type Secret } from '#kernel';

/** What is asked of a token endpoint (RFC 6749 section 4.4). */
export interface TokenRequest {
  readonly tokenEndpoint: string;
  /** Private and loopback addresses may be asked, and these without TLS; link-local ones never. */
  readonly allowPrivate: boolean;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly clientId: Secret;
  readonly clientSecret: Secret;
  /** Of RFC 6749 section 3.3. */
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  /** Of RFC 8707. */
  readonly resource: string | undefined;
}

/** A bearer token as it was given. */
export interface AccessToken {
  readonly token: Secret;
  /** `expires_in`; undefined when the endpoint did not say. */
  readonly expiresInSeconds: number | undefined;
}

/** No token was given. The message says why in words of our own: it quotes nothing that was sent or received. */
export class TokenNotGiven extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(
    message: string,
    /** The endpoint answered that it does not take this client: asking again would be another failed login. */
    readonly isRefused = false,
  ) {
    super(message);
  }
}

/** Gets access tokens by client credentials. Keeps none: whoever asks remembers. */
export abstract class TokenSource {
  /**
   * Ends within five seconds. Never follows a redirect, never asks an address that must not be contacted.
   * @throws TokenNotGiven
   */
  abstract token(request: TokenRequest): Promise<AccessToken>;
}
