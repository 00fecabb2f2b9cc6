import { type FindingKind } from './finding.js';

/** Ends the proof: thrown and caught within the verifier, which knows where it happened. */
export class Broken extends Error {
  constructor(
    readonly kind: FindingKind,
    readonly detail: string,
    readonly eventId?: string,
  ) {
    super(detail);
  }
}
