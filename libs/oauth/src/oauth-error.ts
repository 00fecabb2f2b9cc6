import { PosternError } from '#kernel';
import { type ExchangeDenialReason } from '#events';

/** Error codes of RFC 6749 section 5.2, RFC 7009, RFC 8693 section 2.2.2, RFC 9396, RFC 9449 and 503's. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'insufficient_scope'
  | 'invalid_authorization_details'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
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
  invalid_authorization_details: 'The authorization details are malformed or not permitted.',
  invalid_dpop_proof: 'The DPoP proof is missing or not acceptable.',
  use_dpop_nonce: 'The DPoP proof must carry the nonce of this answer.',
  temporarily_unavailable: 'Try again later.',
};

interface RefusingRestriction {
  readonly id: string;
  readonly detectionId: string;
}

interface OAuthErrorOptions extends ErrorOptions {
  readonly nonce?: string;
  readonly retryAfterSeconds?: number;
  readonly restriction?: RefusingRestriction;
}

/** The answer is no. `code` and `description` go to the caller, `message` and `reason` to operators only. */
export class OAuthError extends PosternError {
  override readonly code: OAuthErrorCode;
  readonly reason: ExchangeDenialReason;
  /** For the `DPoP-Nonce` header of the answer. */
  readonly nonce: string | undefined;
  /** When it is worth another try: there were too many. */
  readonly retryAfterSeconds: number | undefined;
  /** The restriction that refused it, for its event. */
  readonly restriction: RefusingRestriction | undefined;

  constructor(
    code: OAuthErrorCode,
    reason: ExchangeDenialReason,
    detail: string,
    options?: OAuthErrorOptions,
  ) {
    super(detail, options);
    this.nonce = options?.nonce;
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.restriction = options?.restriction;
    this.code = code;
    this.reason = reason;
  }

  get description(): string {
    return DESCRIPTIONS[this.code];
  }
}
