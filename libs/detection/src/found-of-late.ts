import { type Clock } from '#kernel';
import { type Candidate } from './candidate.js';
import { type RuleEvaluator } from './rule-evaluator.js';
import { type DetectionSettings } from './rule-settings.js';

/** For so long an answer counts for whoever asks for the same window: many candidates of one come at once. */
const KEPT_MS = 1_000;
const KEPT_MAX = 100;

interface Answer {
  readonly at: number;
  readonly found: Promise<readonly Candidate[]>;
}

/** What rules find in single windows, computed at most once a second for each. */
export class FoundOfLate {
  readonly #answers = new Map<string, Answer>();

  constructor(
    private readonly evaluator: RuleEvaluator,
    private readonly clock: Clock,
  ) {}

  /** What the rule finds in the window that begins there. @throws DependencyUnavailable */
  in(
    { rule, startAt }: Pick<Candidate, 'rule' | 'startAt'>,
    { rules }: DetectionSettings,
  ): Promise<readonly Candidate[]> {
    const name = `${rule} ${startAt.getTime()}`;
    const now = this.clock.now().getTime();
    const known = this.#answers.get(name);
    if (known !== undefined && now - known.at < KEPT_MS) return known.found;
    // An evaluator widens the span to the whole window.
    const span = { from: startAt, until: new Date(startAt.getTime() + 1) };
    const found = this.evaluator.evaluate(rule, rules[rule], span);
    this.#keep(name, { at: now, found });
    return found;
  }

  #keep(name: string, answer: Answer): void {
    this.#answers.delete(name);
    this.#answers.set(name, answer);
    answer.found.catch(() => this.#answers.delete(name));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > KEPT_MAX && oldest !== undefined) this.#answers.delete(oldest);
  }
}
