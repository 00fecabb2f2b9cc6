import {
  type Candidate,
  type Detection,
  DetectionStore,
  type EvaluationSpan,
  type RaisedSum,
  RuleEvaluator,
  type RuleId,
  type RuleSettings,
} from '#detection';

export const named = ({ rule, entity, startAt }: Candidate): string =>
  [rule, entity.type, entity.id, startAt.toISOString()].join(' ');
export const judged = ({ observed, severity, threshold }: Candidate): string =>
  `${observed} of ${threshold}: ${severity}`;

/** Chosen ones of all rules that there is a text of: also the windowed part of D05, which the sentinel finds in events. */
export class ChosenRules extends RuleEvaluator {
  constructor(
    private readonly all: RuleEvaluator,
    override readonly rules: readonly RuleId[],
  ) {
    super();
  }

  override evaluate(
    rule: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    return this.all.evaluate(rule, settings, span);
  }
}

/** Notes what is raised as it was found last: a detection tells of growth only when it doubles. */
export class NotingStore extends DetectionStore {
  readonly found = new Map<string, string>();

  constructor(private readonly store: DetectionStore) {
    super();
  }

  override raise(
    candidates: readonly Candidate[],
    by: Parameters<DetectionStore['raise']>[1],
  ): Promise<RaisedSum> {
    for (const candidate of candidates) this.found.set(named(candidate), judged(candidate));
    return this.store.raise(candidates, by);
  }

  override find(id: string): Promise<Detection | undefined> {
    return this.store.find(id);
  }

  override list(...asked: Parameters<DetectionStore['list']>): Promise<readonly Detection[]> {
    return this.store.list(...asked);
  }

  override close(...asked: Parameters<DetectionStore['close']>): Promise<Detection | undefined> {
    return this.store.close(...asked);
  }
}
