/** What the listener knows of whoever asks. */
export interface CallerContext {
  readonly correlationId: string;
  readonly peerAddress: string;
  readonly userAgent: string | undefined;
}
