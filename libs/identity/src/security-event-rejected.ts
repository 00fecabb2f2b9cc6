import { PosternError } from '#kernel';

/** What a transmitter is told is wrong with its Security Event Token (RFC 8935 section 2.4). */
export type SecurityEventError =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied';

/** A Security Event Token is not acceptable. The rule is named, never a value from the token. */
export class SecurityEventRejected extends PosternError {
  override readonly code = 'security-event-rejected';

  /** @param transmitter Id of the registered transmitter that the token names; not proven. */
  constructor(
    readonly err: SecurityEventError,
    readonly rule: string,
    options?: ErrorOptions,
    readonly transmitter?: string,
  ) {
    super(`the security event is not accepted: ${rule}`, options);
  }
}
