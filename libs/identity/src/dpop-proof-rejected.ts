import { PosternError } from '#kernel';

/** A DPoP proof is not acceptable. The message names the rule, never a value from the proof. */
export class DpopProofRejected extends PosternError {
  override readonly code = 'dpop-proof-rejected';

  constructor(rule: string, options?: ErrorOptions) {
    super(`the DPoP proof is not accepted: ${rule}`, options);
  }
}
