import { type RuleId } from '#detection';

/** Rules over windows that found nothing as they could not be computed: told by readiness until they were. */
export class UncomputedRules {
  readonly #ofDuty = new Map<string, readonly RuleId[]>();

  /** What a round of this duty came to; none: all were computed, or another sentinel computes them. */
  set(duty: string, failed: readonly RuleId[]): void {
    this.#ofDuty.set(duty, failed);
  }

  /** Undefined: there are none. */
  get note(): string | undefined {
    const rules = [...new Set([...this.#ofDuty.values()].flat())].sort();
    if (rules.length === 0) return undefined;
    return `${rules.join(', ')} could not be computed and found nothing: the log of the sentinel says why`;
  }
}
