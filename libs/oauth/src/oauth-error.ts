import { PosternError } from '#kernel';
import { type ExchangeDenialReason } from '#events';

/** Error codes of RFC 6749 section 5.2, RFC 7009, RFC 8693 section 2.2.2 and 503's. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'insufficient_scope'
  | 'temporarily_unavailable';

/** What a caller is told: constant text, one a code, so that no answer says which rule refused. */
const DESCRIPTIONS: Record<OAuthErrorCode, string> = {
  invalid_request: 'The request is malformed, or the subject token is not acceptable.',
  invalid_client: 'The caller could not be authenticated.',
  unauthorized_client: 'The caller may not use this grant type.',
  unsupported_grant_type: 'Only token exchange is supported.',
  unsupported_token_type: 'This kind of token cannot be handled here.',
  invalid_scope: 'The scope is malformed or not permitted.',
  invalid_target: 'The audience or resource is missing, unknown or not permitted.',
  insufficient_scope: 'The handle does not carry the needed scope.',
  temporarily_unavailable: 'Try again later.',
};

/** The answer is no. `code` and `description` go to the caller, `message` and `reason` to operators only. */
export class OAuthError extends PosternError {
  override readonly code: OAuthErrorCode;
  readonly reason: ExchangeDenialReason;

  constructor(
    code: OAuthErrorCode,
    reason: ExchangeDenialReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.code = code;
    this.reason = reason;
  }

  get description(): string {
    return DESCRIPTIONS[this.code];
  }
}
