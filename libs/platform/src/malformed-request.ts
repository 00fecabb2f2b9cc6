import { PosternError } from '#kernel';

/** The head of a request breaks a rule of its protocol. The message names the rule, never the bytes. */
export class MalformedRequest extends PosternError {
  override readonly code = 'malformed-request';

  constructor(
    what: string,
    /** What is answered. */
    readonly status: 400 | 431 = 400,
  ) {
    super(what);
  }
}
