import { credentialStateEvent, type ManagedCredential, type SecretStore } from '#credentials';
import { type EventFactory } from '#events';
import { type Clock } from '#kernel';
import {
  type CredentialBook,
  type DueBreaker,
  type LoginBudget,
  type ProbeResult,
  type RotationPlan,
} from '#rotation';
import { breakerClosed } from './credential-told.js';

export interface BreakerDutyParts {
  readonly plans: ReadonlyMap<string, Pick<RotationPlan, 'allowance' | 'probe' | 'ref'>>;
  readonly book: Pick<CredentialBook, 'closeBreaker' | 'find' | 'takeDueBreaker'>;
  readonly secrets: Pick<SecretStore, 'read'>;
  readonly budget: LoginBudget;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** An administrator may have written a value that works: looks whether there is one. Must not throw. */
  readonly lookNow: (resource: string) => Promise<void>;
  /** Get one line for the log of an operator. */
  readonly onClosed: (message: string) => void;
  readonly onProblem: (message: string) => void;
}

/** Tried in one turn. */
const AT_ONCE_MAX = 16;

/**
 * Tries the current value of credentials that the legacy system has refused: one login within the budget, at the times
 * that the book gives out. When it works, calls go on.
 */
export class BreakerDuty {
  constructor(private readonly parts: BreakerDutyParts) {}

  /** Call it about every second. @throws DependencyUnavailable */
  async look(): Promise<void> {
    const due: DueBreaker[] = [];
    while (due.length < AT_ONCE_MAX) {
      const one = await this.parts.book.takeDueBreaker();
      if (one === undefined) break;
      due.push(one);
    }
    await Promise.all(due.map((breaker) => this.#handle(breaker)));
  }

  /** Never rejects: it is due again. */
  async #handle(breaker: DueBreaker): Promise<void> {
    const { onProblem } = this.parts;
    try {
      await this.parts.lookNow(breaker.resource);
      await this.#tryCurrent(breaker);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown failure';
      onProblem(`${breaker.resource}: refused, and it cannot be tried now: ${reason}`);
    }
  }

  async #tryCurrent(breaker: DueBreaker): Promise<void> {
    const { plans, book, onProblem } = this.parts;
    const plan = plans.get(breaker.resource);
    const credential = await book.find(breaker.ref);
    if (plan === undefined || credential?.currentVersion !== breaker.version) return;
    if (credential.gate !== 'open') return; // A rotation is about to change it, and tries by itself.
    const { result, detail } = await this.#login(plan, breaker);
    if (result === 'ok') await this.#close(breaker, credential);
    else onProblem(`${breaker.resource}: version ${breaker.version} does not work: ${detail}`);
  }

  async #login(
    { allowance, probe }: Pick<RotationPlan, 'allowance' | 'probe'>,
    { ref, version }: DueBreaker,
  ): Promise<{ readonly result: ProbeResult; readonly detail: string }> {
    const { secrets, budget } = this.parts;
    const { fields } = await secrets.read(ref, version);
    const reservation = await budget.reserve(ref, allowance);
    if (reservation.kind === 'spent') {
      const until = reservation.until.toISOString();
      return {
        result: 'unreachable',
        detail: `the budget of failing logins is spent until ${until}`,
      };
    }
    const answer = await probe.login(fields);
    await budget.settle(ref, reservation.id, answer.result);
    return answer;
  }

  async #close({ ref, version, isOpen }: DueBreaker, credential: ManagedCredential): Promise<void> {
    const { book, events, clock, onClosed } = this.parts;
    const closed = breakerClosed(events, credential);
    const { correlationid: correlationId } = closed;
    const active = { ...credential, state: 'active' } as const;
    const at = clock.now();
    const told = [closed, credentialStateEvent(events, active, { correlationId, at })];
    await book.closeBreaker(ref, version, isOpen ? told : []);
    if (isOpen) onClosed(`${credential.resource}: version ${version} works, calls go on`);
  }
}
