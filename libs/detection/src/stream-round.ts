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
  /**
   * Whether all was read that lay there when reading began: before, one topic may be read faster than another, so that an
   * event seems to be missing, or the time of a window to be over. Absent: it was.
   */
  readonly isCaughtUp?: () => boolean;
}

/** A rule that could not be computed this time; the others were. */
export interface FailedRule {
  readonly rule: RuleId;
  readonly error: unknown;
}

/** What a round came to. */
export type RoundSum = RaisedSum & { readonly failed: readonly FailedRule[] };

const NOTHING: RoundSum = { raised: [], updated: [], ordered: 0, suppressed: 0, failed: [] };

/**
 * Computes the rules that look at windows. A window is closed when the newest event is `watermarkSeconds` behind its end:
 * by the time of events, so that what waited in an outage is looked at when it comes, however late that is; while it comes,
 * by the topic that is furthest behind. What comes later than that is found by `lookAgain`. Each rule by itself: one that
 * fails keeps no other from being computed, told and answered, and makes no span longer but its own. One at a time; state
 * is only how far each has come.
 */
export class StreamRound {
  readonly #lookedUntil = new Map<RuleId, Date>();
  readonly #failingSince = new Map<RuleId, Date>();
  /** Gaps in front of events that were kept since then were not asked for yet. */
  #gapsSince: Date;

  constructor(private readonly parts: StreamRoundParts) {
    this.#gapsSince = this.#late(parts.clock.now());
  }

  /** The windows that were closed since the last look. Call it every ten seconds. @throws DependencyUnavailable */
  async look(): Promise<RoundSum> {
    const until = await this.#closedUntil();
    if (until === undefined) return NOTHING;
    const late = this.#late(until);
    const begun = (rule: RuleId): Date => this.#lookedUntil.get(rule) ?? late;
    const round = await this.#raise((rule) => ({ from: begun(rule), until }));
    for (const rule of this.#rules()) {
      const hasFailed = round.failed.some((one) => one.rule === rule);
      const isDone = until > begun(rule) && !hasFailed;
      this.#lookedUntil.set(
        rule,
        isDone || this.#isHopeless(rule, hasFailed) ? until : begun(rule),
      );
    }
    return round;
  }

  /** The windows of the last `latenessSeconds` once more. Call it every minute. @throws DependencyUnavailable */
  async lookAgain(): Promise<RoundSum> {
    const until = await this.#closedUntil();
    return until === undefined ? NOTHING : this.#raise(() => ({ from: this.#late(until), until }));
  }

  /**
   * A rule that failed is computed again for the same windows, by all: they come to the same. What cannot be computed for
   * an hour is left, as a flood of evidence may have made it so: the windows after it are looked at again.
   */
  #isHopeless(rule: RuleId, hasFailed: boolean): boolean {
    const { clock, settings } = this.parts;
    const since = this.#failingSince.get(rule) ?? clock.now();
    const isOver = clock.now() >= secondsAfter(since, settings.latenessSeconds);
    if (hasFailed && !isOver) this.#failingSince.set(rule, since);
    else this.#failingSince.delete(rule);
    return hasFailed && isOver;
  }

  #rules(): readonly RuleId[] {
    const { evaluator, settings } = this.parts;
    return evaluator.rules.filter((id) => isOn(settings.rules[id]));
  }

  /** Undefined: while some of the evidence is still to be read, nothing can be said of any window. */
  async #closedUntil(): Promise<Date | undefined> {
    const { history, clock, settings, isCaughtUp } = this.parts;
    const now = clock.now();
    const newest =
      isCaughtUp?.() === false
        ? await history.allReadUntil(now)
        : ((await history.newestAt(now)) ?? now);
    return newest && secondsAfter(newest, -settings.watermarkSeconds);
  }

  #late(until: Date): Date {
    return secondsAfter(until, -this.parts.settings.latenessSeconds);
  }

  async #raise(spanOf: (rule: RuleId) => EvaluationSpan): Promise<RoundSum> {
    const { store, settings, events, clock } = this.parts;
    const sums: RaisedSum[] = [];
    const failed: FailedRule[] = [];
    const raise = async (rule: RuleId, found: Promise<readonly Candidate[]>): Promise<void> => {
      try {
        sums.push(await store.raise(await found, { settings, events, now: clock.now() }));
      } catch (error) {
        failed.push({ rule, error });
      }
    };
    await raise('D23', this.#gaps());
    for (const rule of this.#rules()) await raise(rule, this.#evaluate(rule, spanOf(rule)));
    return { ...together(sums), failed };
  }

  async #evaluate(rule: RuleId, span: EvaluationSpan): Promise<readonly Candidate[]> {
    const { evaluator, settings } = this.parts;
    return span.until <= span.from ? [] : evaluator.evaluate(rule, settings.rules[rule], span);
  }

  /** Gaps that have been open for longer than events may overtake each other (D23). */
  async #gaps(): Promise<readonly Candidate[]> {
    const { history, settings, clock, isCaughtUp } = this.parts;
    if (!isOn(settings.rules.D23) || isCaughtUp?.() === false) return [];
    const { environment, deployment } = settings;
    const until = secondsAfter(clock.now(), -thresholdOf('D23', settings.rules.D23, 'gapSeconds'));
    const from = new Date(Math.min(this.#gapsSince.getTime(), this.#late(until).getTime()));
    const gaps = await history.gaps({ from, until, of: { environment, deployment } });
    this.#gapsSince = until;
    return gaps.map(ofGap);
  }
}

const together = (sums: readonly RaisedSum[]): RaisedSum => ({
  raised: sums.flatMap(({ raised }) => raised),
  updated: sums.flatMap(({ updated }) => updated),
  ordered: sums.reduce((all, { ordered }) => all + ordered, 0),
  suppressed: sums.reduce((all, { suppressed }) => all + suppressed, 0),
});
