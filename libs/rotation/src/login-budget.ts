import { type SecretRef } from '#credentials';
import { type ProbeResult } from './rotation.js';

export interface LoginAllowance {
  /** Failing logins within `perSeconds`, over all processes: below what locks the account. */
  readonly failuresMax: number;
  readonly perSeconds: number;
}

export type Reservation =
  | { readonly kind: 'reserved'; readonly id: string }
  | { readonly kind: 'spent'; readonly until: Date };

/**
 * How many logins may still fail at the account of a credential. Whoever tries a value reserves before, as if it failed;
 * a process that dies in between has spent what it reserved. Exact over any number of processes.
 */
export abstract class LoginBudget {
  /** @throws DependencyUnavailable */
  abstract reserve(ref: SecretRef, allowance: LoginAllowance): Promise<Reservation>;

  /** Given back unless it failed. @throws DependencyUnavailable */
  abstract settle(ref: SecretRef, reservationId: string, result: ProbeResult): Promise<void>;
}
