/** Why the client itself would not go on; nothing that it says holds a token, a handle or a key. */
export type PosternClientErrorCode =
  /** The request cannot be sent as it was asked for. Nothing was sent. */
  | 'invalid_argument'
  /** The given key is no P-256 key pair that can sign. */
  | 'proof_key_unusable'
  /** The handle is bound to a key, and this client makes no proofs. Nothing was sent. */
  | 'proof_key_missing'
  /** A handle bound to the key was wanted, and this one is not. It must not be used. */
  | 'downgraded'
  /** The token endpoint answered 200 with something that is no issued handle. */
  | 'unexpected_answer'
  /** The proxy wants a nonce in the proof, and the body was a stream that is gone. The next call has the nonce. */
  | 'body_not_replayable';

/** The client refused to go on, by its own rules; what Postern refuses is a `PosternRefused`. */
export class PosternClientError extends Error {
  constructor(
    readonly code: PosternClientErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'PosternClientError';
  }
}
