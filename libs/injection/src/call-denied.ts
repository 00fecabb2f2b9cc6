import { type CallDenialReason, type Severity } from '#events';
import { Refusal } from '#kernel';
import { type Presentation } from '#policy';

/** Codes of calls that were refused before anything was sent to the destination; public, in `postern-error`. */
export type CallDenialCode =
  | 'ambiguous-request'
  | 'invalid_request'
  | 'missing-handle'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'wrong-environment'
  | 'insufficient_scope'
  | 'calls-exhausted'
  | 'request-too-large'
  | 'unsuitable-request'
  | 'upgrade-not-available'
  | 'overloaded'
  | 'too-many-requests'
  | 'credential-unavailable'
  | 'credential-unusable'
  | 'dependency-unavailable'
  | 'internal-error';

export interface CallDenial {
  readonly code: CallDenialCode;
  /** What the event says. */
  readonly reason: CallDenialReason;
  /** For the operator, in the event; never shown to the caller. No header value, no secret, no handle. */
  readonly detail: string;
  /** Default WARN. */
  readonly severity?: Severity;
  /** A fresh one, for the `DPoP-Nonce` header of the answer. */
  readonly nonce?: string;
  /** When it is worth another try. Default 1, where the answer is 429 or 503. */
  readonly retryAfterSeconds?: number;
  /** What of a detection refused it, for its event. */
  readonly restriction?: { readonly id: string; readonly detectionId: string };
}

/** The call was refused, and nothing was sent to the destination. Its event is durable when the pipeline throws this. */
export class CallDenied extends Refusal {
  override readonly code: CallDenialCode;
  readonly reason: CallDenialReason;
  readonly severity: Severity;
  readonly nonce: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly restriction: CallDenial['restriction'];
  /** How the resource of the call takes handles, for the challenge of the answer; empty: there is no such resource. */
  presentations: readonly Presentation[] = [];

  constructor(denial: CallDenial, options?: ErrorOptions) {
    super(denial.detail, options);
    this.code = denial.code;
    this.reason = denial.reason;
    this.severity = denial.severity ?? 'WARN';
    this.nonce = denial.nonce;
    this.retryAfterSeconds = denial.retryAfterSeconds;
    this.restriction = denial.restriction;
  }
}
