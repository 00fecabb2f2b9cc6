import { PosternError } from '#kernel';
import { OAuthError } from './oauth-error.js';

/** What the listener knows of whoever asks. */
export interface CallerContext {
  readonly correlationId: string;
  readonly peerAddress: string;
  readonly userAgent: string | undefined;
  /** The values of all DPoP header fields. */
  readonly dpopProofs: readonly string[];
  /**
   * DER, the caller's own certificate first; empty when it has none. That it holds the key is proven, no more. May throw a
   * PosternError when what was presented cannot be read: see certificateChainOf.
   */
  readonly certificateChain: readonly Uint8Array[];
}

/** @throws OAuthError invalid_client for a certificate that cannot be read: it is never taken for none */
export function certificateChainOf(context: CallerContext): readonly Uint8Array[] {
  try {
    return context.certificateChain;
  } catch (cause) {
    if (!(cause instanceof PosternError)) throw cause;
    throw new OAuthError('invalid_client', 'invalid_client', cause.message, { cause });
  }
}
