import { type CallOutcome } from '#events';
import { PosternError } from '#kernel';
import { type Presentation } from '#policy';
import { type UpstreamFailed } from './upstream.js';

/** Codes of calls that were sent and got no response that may be passed on. */
export type CallFailureCode =
  | 'upstream-unreachable'
  | 'upstream-timeout'
  | 'upstream-failed'
  | 'request-too-large'
  | 'response-too-large'
  | 'unscrubbable-encoding'
  | 'secret-in-response'
  | 'caller-gone'
  /** As a call with a handle that is not live is refused. */
  | 'invalid_token'
  /** The version of the secret that it was made with is retired. */
  | 'credential-unavailable'
  | 'dependency-unavailable';

/** The call was counted, sent (or tried to be) and failed; `outcome` is what its event says. */
export class CallFailed extends PosternError {
  /** As of CallDenied. */
  presentations: readonly Presentation[] = [];

  constructor(
    override readonly code: CallFailureCode,
    readonly outcome: CallOutcome,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the destination's failure means for the call. */
export function failureOf(error: UpstreamFailed): CallFailed {
  const { message } = error;
  switch (error.condition) {
    case 'timeout':
      return new CallFailed('upstream-timeout', 'upstream_timeout', message, { cause: error });
    case 'unreachable':
    case 'refused-address':
      return new CallFailed('upstream-unreachable', 'upstream_unreachable', message, {
        cause: error,
      });
    case 'aborted':
    case 'protocol':
      return new CallFailed('upstream-failed', 'upstream_error', message, { cause: error });
  }
}

/**
 * Why a call is cut while it is under way: its handle has ended, or nobody could say for too long that it has not; or the
 * version of the secret that is on it is retired.
 */
export type CutCause = 'ended' | 'unconfirmed' | 'retired';

/** What a cut means for the call. */
export function cutFailure(cause: CutCause, presentations: readonly Presentation[]): CallFailed {
  if (cause === 'unconfirmed') {
    const what = 'the handle could not be confirmed while the call was under way';
    return new CallFailed('dependency-unavailable', 'response_cut', what);
  }
  if (cause === 'retired') {
    const what = 'the version of the secret that the call was made with is retired';
    return new CallFailed('credential-unavailable', 'response_cut', what);
  }
  const what = 'the handle was revoked or suspended while the call was under way';
  const failure = new CallFailed('invalid_token', 'aborted_by_revocation', what);
  failure.presentations = presentations;
  return failure;
}
