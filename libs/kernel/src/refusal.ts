import { PosternError } from './postern-error.js';

/**
 * A no that was meant, and no fault: where in the code it was said tells nobody anything, so it has no stack trace, which a
 * flood of refusals would pay for.
 */
export abstract class Refusal extends PosternError {
  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
