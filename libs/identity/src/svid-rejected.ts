import { PosternError } from '#kernel';

/** A certificate is not an X.509-SVID that may be believed. The message names the rule, never a value from it. */
export class SvidRejected extends PosternError {
  override readonly code = 'svid-rejected';

  constructor(rule: string, options?: ErrorOptions) {
    super(`the X.509-SVID is not accepted: ${rule}`, options);
  }
}
