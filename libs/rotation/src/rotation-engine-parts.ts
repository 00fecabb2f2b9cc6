import { type SecretStore } from '#credentials';
import { type EventFactory } from '#events';
import { type Clock } from '#kernel';
import { type SealedWraps } from './intake-key.js';
import { type LoginBudget } from './login-budget.js';
import { type RotatedSecrets } from './rotated-secrets.js';
import { type RotationPlan } from './rotation-plan.js';
import { type CredentialBook, type RotationStore, type RotationUpkeep } from './rotation-store.js';
import { type WrappingTokens } from './wrapping-tokens.js';

/** What rotations are carried out with. */
export interface RotationEngineParts {
  readonly store: RotationStore;
  readonly book: CredentialBook;
  readonly secrets: RotatedSecrets;
  /** Reads the versions that `secrets` writes. */
  readonly values: SecretStore;
  readonly budget: LoginBudget;
  readonly upkeep: Pick<RotationUpkeep, 'firstSeen'>;
  /** Undefined: no wrapping tokens are taken. */
  readonly wrapping: WrappingTokens | undefined;
  readonly wraps: SealedWraps | undefined;
  /** By the id of the resource. */
  readonly plans: ReadonlyMap<string, RotationPlan>;
  readonly events: EventFactory;
  readonly clock: Clock;
}
