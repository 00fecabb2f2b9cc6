import { PosternError } from '#kernel';

/** Why a token was refused. Told to operators by event, never to the caller. */
export type TokenRejection =
  | 'issuer_untrusted'
  | 'malformed_token'
  | 'invalid_signature'
  | 'invalid_claims'
  | 'expired'
  | 'not_supported';

/** A subject or actor token is not acceptable. The message names the rule, never a value from the token's signature. */
export class TokenRejected extends PosternError {
  override readonly code = 'token-rejected';

  constructor(
    readonly reason: TokenRejection,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
