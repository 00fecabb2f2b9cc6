/** What the listener knows of whoever asks. */
export interface CallerContext {
  readonly correlationId: string;
  readonly peerAddress: string;
  readonly userAgent: string | undefined;
  /** The values of all DPoP header fields. */
  readonly dpopProofs: readonly string[];
  /** DER, the caller's own certificate first; empty when it has none. That it holds the key is proven, no more. */
  readonly certificateChain: readonly Uint8Array[];
}
