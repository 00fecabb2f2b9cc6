import { type CallOutcome } from '#events';
import { PosternError } from '#kernel';
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
  | 'caller-gone';

/** The call was sent (or tried to be) and failed; `outcome` is what its event says. */
export class CallFailed extends PosternError {
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
