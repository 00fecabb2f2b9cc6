import { type EventFactory } from '#events';
import { type Clock } from '#kernel';
import { type RotationTerms } from './rotation-plan.js';
import { type CredentialBook, type RotationStore } from './rotation-store.js';
import {
  type Rotation,
  type RotationOrigin,
  type RotationTrigger,
  type WrapIntake,
} from './rotation.js';

/** What is asked for. */
export interface RotationOrder {
  readonly resource: string;
  readonly origin: RotationOrigin;
  readonly trigger: RotationTrigger;
  /** With origin `vault`: the version that appeared. */
  readonly toVersion?: number;
  /** With origin `wrapped`. */
  readonly wrap?: WrapIntake;
  readonly initiatorId?: string;
  readonly reason?: string;
  readonly occurrence?: string;
  readonly correlationId: string;
}

export interface RequestRotationParts {
  readonly store: RotationStore;
  readonly book: CredentialBook;
  readonly terms: ReadonlyMap<string, RotationTerms>;
  readonly events: EventFactory;
  readonly clock: Clock;
}

export type RequestOutcome =
  | { readonly kind: 'requested'; readonly rotation: Rotation }
  | { readonly kind: 'active' | 'repeated' };
