/**
 * The base of every error that Postern raises on purpose. `code` is stable and public; `message` says what was wrong
 * for an operator and never holds a secret, a handle or a token. An app maps the code to a status.
 */
export abstract class PosternError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Something that a decision needs cannot be reached: the decision is no, and trying again later may help. */
export class DependencyUnavailable extends PosternError {
  override readonly code = 'dependency-unavailable';

  constructor(
    readonly dependency: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

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
