import { type EventFactory } from '#events';
import { type Clock, secondsAfter } from '#kernel';
import { type Candidate } from './candidate.js';
import { type DetectionStore, type RaisedSum } from './detection-store.js';
import { type EvidenceHistory } from './evidence-log.js';
import { ofGap } from './inline/evidence-missing.js';
import { type RuleId } from './rule.js';
import { type EvaluationSpan, type RuleEvaluator } from './rule-evaluator.js';
import { type DetectionSettings, isOn, thresholdOf } from './rule-settings.js';

export interface StreamRoundParts {
  readonly evaluator: RuleEvaluator;
  readonly history: EvidenceHistory;
  readonly store: DetectionStore;
  readonly settings: DetectionSettings;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** A rule that could not be computed this time; the others were. */
export interface FailedRule {
  readonly rule: RuleId;
  readonly error: unknown;
}

/**
 * Computes the rules that look at windows. A window is closed when the newest event is `watermarkSeconds` behind its end:
 * by the time of events, so that what waited in an outage is looked at when it comes, however late that is. What comes
 * later than that is found by `lookAgain`. One at a time; state is only how far it has come.
 */
export class StreamRound {
  #lookedUntil: Date | undefined;

  constructor(private readonly parts: StreamRoundParts) {}

  /** The windows that were closed since the last look. Call it every ten seconds. @throws DependencyUnavailable */
  async look(): Promise<RaisedSum & { readonly failed: readonly FailedRule[] }> {
    const until = await this.#closedUntil();
    const from = this.#lookedUntil ?? this.#late(until);
    const round = await this.#raise(from, until);
    // A rule that failed is computed again for the same windows, by all: they come to the same.
    this.#lookedUntil = round.failed.length === 0 && until > from ? until : from;
    return round;
  }

  /** The windows of the last `latenessSeconds` once more. Call it every minute. @throws DependencyUnavailable */
  async lookAgain(): Promise<RaisedSum & { readonly failed: readonly FailedRule[] }> {
    const until = await this.#closedUntil();
    return this.#raise(this.#late(until), until);
  }

  async #closedUntil(): Promise<Date> {
    const { history, clock, settings } = this.parts;
    const now = clock.now();
    const newest = (await history.newestAt(now)) ?? now;
    return secondsAfter(newest, -settings.watermarkSeconds);
  }

  #late(until: Date): Date {
    return secondsAfter(until, -this.parts.settings.latenessSeconds);
  }

  async #raise(
    from: Date,
    until: Date,
  ): Promise<RaisedSum & { readonly failed: readonly FailedRule[] }> {
    const { store, settings, events, clock, evaluator } = this.parts;
    const found: Candidate[] = [...(await this.#gaps())];
    const failed: FailedRule[] = [];
    for (const rule of evaluator.rules.filter((id) => isOn(settings.rules[id]))) {
      if (until <= from) break;
      await this.#evaluate(rule, { from, until }).then(
        (candidates) => found.push(...candidates),
        (error: unknown) => failed.push({ rule, error }),
      );
    }
    const sum = await store.raise(found, { settings, events, now: clock.now() });
    return { ...sum, failed };
  }

  #evaluate(rule: RuleId, span: EvaluationSpan): Promise<readonly Candidate[]> {
    return this.parts.evaluator.evaluate(rule, this.parts.settings.rules[rule], span);
  }

  /** Gaps that have been open for longer than events may overtake each other (D23). */
  async #gaps(): Promise<readonly Candidate[]> {
    const { history, settings, clock } = this.parts;
    if (!isOn(settings.rules.D23)) return [];
    const now = clock.now();
    const until = secondsAfter(now, -thresholdOf('D23', settings.rules.D23, 'gapSeconds'));
    const gaps = await history.gaps({ from: this.#late(until), until });
    return gaps
      .filter(
        ({ environment, deployment }) =>
          environment === settings.environment && deployment === settings.deployment,
      )
      .map(ofGap);
  }
}
