import { PosternError } from '#kernel';

/** What a transmitter is told is wrong with its Security Event Token (RFC 8935 section 2.4). */
export type SecurityEventError =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied';

/** What is wrong, more finely than the protocol tells. */
export type SecurityEventFault =
  | 'malformed'
  | 'unsigned'
  | 'expired'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'not_allowed';

const FAULTS: Readonly<Record<SecurityEventError, SecurityEventFault>> = {
  invalid_request: 'malformed',
  invalid_key: 'invalid_key',
  invalid_issuer: 'invalid_issuer',
  invalid_audience: 'invalid_audience',
  authentication_failed: 'not_allowed',
  access_denied: 'not_allowed',
};

export interface SecurityEventRejectedOptions extends ErrorOptions {
  /** Default: what `err` says. */
  readonly fault?: SecurityEventFault;
  /** Id of the registered transmitter that the token names; not proven. */
  readonly transmitter?: string;
}

/** A Security Event Token is not acceptable. The rule is named, never a value from the token. */
export class SecurityEventRejected extends PosternError {
  override readonly code = 'security-event-rejected';
  readonly fault: SecurityEventFault;
  readonly transmitter: string | undefined;

  constructor(
    readonly err: SecurityEventError,
    readonly rule: string,
    { fault = FAULTS[err], transmitter, ...options }: SecurityEventRejectedOptions = {},
  ) {
    super(`the security event is not accepted: ${rule}`, options);
    this.fault = fault;
    this.transmitter = transmitter;
  }
}
