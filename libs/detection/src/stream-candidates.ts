import { type DetectionCandidate, type EventFactory } from '#events';
import { type Clock, DependencyUnavailable, secondsAfter } from '#kernel';
import { type Candidate } from './candidate.js';
import { CandidateRefused } from './candidate-refused.js';
import { isSame } from './detection-life.js';
import { type DetectionStore, type RaisedSum } from './detection-store.js';
import { type EvidenceHistory } from './evidence-log.js';
import { FoundOfLate } from './found-of-late.js';
import { type RuleId, ruleIds } from './rule.js';
import { type RuleEvaluator } from './rule-evaluator.js';
import { type DetectionSettings, isOn } from './rule-settings.js';
import { STREAMED_RULES } from './streamed-rules.js';

/** Longer than evidence may be kept. */
export const CANDIDATE_AGE_MAX_SECONDS = 90 * 86_400;

const NOTHING: RaisedSum = { raised: [], updated: [], ordered: 0, suppressed: 0 };

export interface StreamCandidatesParts {
  readonly evaluator: RuleEvaluator;
  readonly history: Pick<EvidenceHistory, 'newestAt'>;
  readonly store: DetectionStore;
  /** As they may be acted by. @throws DependencyUnavailable */
  readonly settings: () => Promise<DetectionSettings>;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** Whether all evidence was read that lay there when reading began. Absent: it was. */
  readonly isCaughtUp?: () => boolean;
}

/** What a candidate claims, apart from what it says of it: that is not believed. */
type Claim = Pick<Candidate, 'rule' | 'entity' | 'startAt' | 'endAt'>;

/**
 * Makes detections of what a stream processor found. A candidate only says where to look: the rule is computed for its
 * window from the evidence of this deployment, with the thresholds that are set here, and what is raised and answered is
 * what was found so. Who can write candidates, and nothing else, can neither raise nor order anything that is not so.
 */
export class StreamCandidates {
  readonly #found: FoundOfLate;

  constructor(private readonly parts: StreamCandidatesParts) {
    this.#found = new FoundOfLate(parts.evaluator, parts.clock);
  }

  /**
   * Again with the same candidate it does nothing.
   * @throws CandidateRefused when it will never lead to a detection; DependencyUnavailable when it must come again, also
   * while the evidence has not come as far as the candidate: at most two minutes after its end, and until what lay there
   * at the start was read
   */
  async take(written: DetectionCandidate): Promise<RaisedSum> {
    const { store, events, clock } = this.parts;
    const claim = claimOf(written);
    const settings = await this.parts.settings();
    this.#requirePossible(claim, settings);
    if (!this.#isComputed(claim.rule) || !isOn(settings.rules[claim.rule])) return NOTHING;
    const found = await this.#found.in(claim, settings);
    const borneOut = found.find((candidate) => isSame(candidate, { ...candidate, ...claim }));
    if (borneOut !== undefined) {
      return store.raise([borneOut], { settings, events, now: clock.now() });
    }
    await this.#requireEvidence(claim, settings);
    throw new CandidateRefused(
      'not_borne_out',
      `${claim.rule}: the evidence that is kept here does not show it`,
    );
  }

  /** Of those that decide on one event the stream processor computes what is found in the event already. */
  #isComputed(rule: RuleId): boolean {
    return this.parts.evaluator.rules.includes(rule);
  }

  /** @throws CandidateRefused */
  #requirePossible({ rule, startAt, endAt }: Claim, settings: DetectionSettings): void {
    const now = this.parts.clock.now();
    if (endAt < startAt)
      throw new CandidateRefused('no_window', `${rule}: it ends before it begins`);
    // The clocks of proxies may be ahead by as much as events may overtake each other.
    if (endAt > secondsAfter(now, settings.watermarkSeconds)) {
      throw new CandidateRefused('in_future', `${rule}: its window is in the future`);
    }
    if (startAt < secondsAfter(now, -CANDIDATE_AGE_MAX_SECONDS)) {
      throw new CandidateRefused('too_old', `${rule}: its window is older than any evidence`);
    }
  }

  /** @throws DependencyUnavailable while what it speaks of may still come, as windows are closed by what comes later */
  async #requireEvidence({ rule, endAt }: Claim, settings: DetectionSettings): Promise<void> {
    const { history, clock, isCaughtUp } = this.parts;
    const now = clock.now();
    const closedAt = secondsAfter(endAt, settings.watermarkSeconds);
    if (isCaughtUp?.() !== false) {
      if (now >= secondsAfter(closedAt, settings.watermarkSeconds)) return;
      const newest = await history.newestAt(now);
      if (newest !== undefined && newest >= closedAt) return;
    }
    throw new DependencyUnavailable(
      'evidence',
      `a candidate of ${rule} waits: the evidence that is kept here has not come as far`,
    );
  }
}

/** @throws CandidateRefused for a rule that no stream processor computes, or an entity that it is never about */
function claimOf(written: DetectionCandidate): Claim {
  const rule = ruleIds.find((id) => id === written.rule);
  const entities = rule === undefined ? undefined : STREAMED_RULES.get(rule);
  if (rule === undefined || entities === undefined) {
    throw new CandidateRefused('unknown_rule', 'it is of no rule that a stream processor computes');
  }
  const { entity_type: type, entity_id: id } = written;
  if (!entities.includes(type)) {
    throw new CandidateRefused('wrong_entity', `${rule} is about ${entities.join(' or ')}`);
  }
  const [startAt, endAt] = [new Date(written.start_at), new Date(written.end_at)];
  return { rule, entity: { type, id }, startAt, endAt };
}
