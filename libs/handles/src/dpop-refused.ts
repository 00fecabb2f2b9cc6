import { PosternError } from '#kernel';

/** The presented proof is not acceptable (RFC 9449 sections 5 and 7.1). The message names the rule. */
export class DpopProofInvalid extends PosternError {
  override readonly code = 'invalid_dpop_proof';
}

/** The proof is well made and lacks a nonce of ours that is young enough (RFC 9449 sections 8 and 9). */
export class DpopNonceRequired extends PosternError {
  override readonly code = 'use_dpop_nonce';

  constructor(
    /** A fresh one, for the `DPoP-Nonce` header of the answer. */
    readonly nonce: string,
  ) {
    super('the DPoP proof must carry a nonce that was given out recently');
  }
}
