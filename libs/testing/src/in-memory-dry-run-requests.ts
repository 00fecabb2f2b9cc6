import { type AskedDryRun, DryRunRequests, type RuleId, type TriedRule } from '#detection';

/** Requests for dry runs in memory; `tried` is what a sentinel came to. */
export class InMemoryDryRunRequests extends DryRunRequests {
  readonly tried: TriedRule[] = [];
  #asked: readonly AskedDryRun[] = [];

  override async ask(request: AskedDryRun): Promise<void> {
    if (!this.#asked.some(({ rule }) => rule === request.rule)) {
      this.#asked = [...this.#asked, request];
    }
  }

  override async waiting(): Promise<readonly AskedDryRun[]> {
    return this.#asked;
  }

  override async done(rule: RuleId): Promise<void> {
    this.#asked = this.#asked.filter((one) => one.rule !== rule);
  }

  override async last(): Promise<readonly TriedRule[]> {
    return [...new Map(this.tried.map((one) => [one.rule, one])).values()];
  }
}
