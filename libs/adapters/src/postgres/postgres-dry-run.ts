import {
  type Candidate,
  decideResponses,
  type DetectionEntity,
  type DetectionSettings,
  DRY_RUN_DAYS,
  DRY_RUN_VALID_DAYS,
  DryRun,
  type DryRunEntity,
  type DryRunSum,
  enforces,
  type EvaluationSpan,
  heldBack,
  type PermittedSettings,
  RESPONSE_BUDGET_SECONDS,
  type RuleEvaluator,
  type RuleId,
  type RuleSettings,
  type SpentOrders,
  settingsDigest,
} from '#detection';
import { secondsAfter } from '#kernel';
import { type PostgresDatabase } from './postgres-database.js';
import { tookTooLong } from './postgres-failure.js';

const DAY_SECONDS = 86_400;
/** A sixty-fourth of a day: about the shortest buckets that rules have. */
const PART_SECONDS_MIN = 1_350;
const ENTITIES_MAX = 100;

const REMEMBER = `
  insert into public.rule_dry_run (rule, settings_digest, at, found, by) values ($1, $2, $3, $4, $5)
  on conflict (rule, settings_digest, at) do nothing`;

const RECENT = `
  select 1 from public.rule_dry_run
  where rule = $1 and settings_digest = $2 and at > $3::timestamptz - make_interval(days => $4) and at <= $3 limit 1`;

/** Dry runs over the evidence that PostgreSQL keeps. Needs the role postern_sentinel. */
export class PostgresDryRun extends DryRun {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly evaluator: RuleEvaluator,
  ) {
    super();
  }

  override async run(
    rule: RuleId,
    settings: DetectionSettings,
    by: { readonly operatorId: string; readonly now: Date },
  ): Promise<DryRunSum> {
    const span = { from: secondsAfter(by.now, -DRY_RUN_DAYS * DAY_SECONDS), until: by.now };
    const found = await this.#found(rule, settings.rules[rule], span);
    const enforcing = enforced(settings, rule);
    const sum = { rule, ...span, ...summed(found, enforcing) };
    const digest = settingsDigest(rule, settings.rules[rule]);
    const values = [rule, digest, by.now, sum.detections, by.operatorId.slice(0, 512)];
    await this.database.query(REMEMBER, values);
    return sum;
  }

  /** Whether the rule was tried as it is set, not longer ago than it counts. @throws DependencyUnavailable */
  async isTried(rule: RuleId, settings: RuleSettings, now: Date): Promise<boolean> {
    const values = [rule, settingsDigest(rule, settings), now, DRY_RUN_VALID_DAYS];
    return (await this.database.query(RECENT, values)).length > 0;
  }

  override async permitted(settings: DetectionSettings, now: Date): Promise<PermittedSettings> {
    const untried: RuleId[] = [];
    for (const rule of this.evaluator.rules) {
      const set = settings.rules[rule];
      if (enforces(set) && !(await this.isTried(rule, set, now))) untried.push(rule);
    }
    return heldBack(settings, untried);
  }

  /**
   * A day at a time, or less where there is so much evidence that a statement over a day takes too long. A bucket that two
   * parts share is found once.
   */
  async #found(
    rule: RuleId,
    settings: RuleSettings,
    { from, until }: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    const found = new Map<string, Candidate>();
    let seconds = DAY_SECONDS;
    let at = from;
    while (at < until) {
      // Whole days, and halves of halves of them: the last part ends where all do.
      const end = secondsAfter(at, seconds);
      const candidates = await this.#foundIn(rule, settings, { from: at, until: end });
      if (candidates === undefined) {
        seconds /= 2;
        continue;
      }
      for (const candidate of candidates) found.set(nameOf(candidate), candidate);
      at = end;
    }
    return [...found.values()].sort((one, other) => one.endAt.getTime() - other.endAt.getTime());
  }

  /** Undefined: there is too much evidence in it for one statement, but less may be asked for. */
  async #foundIn(
    rule: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[] | undefined> {
    try {
      return await this.evaluator.evaluate(rule, settings, span);
    } catch (error) {
      const isLeast = span.until <= secondsAfter(span.from, PART_SECONDS_MIN);
      if (isLeast || !tookTooLong(error)) throw error;
      return undefined;
    }
  }
}

const enforced = (settings: DetectionSettings, rule: RuleId): DetectionSettings => ({
  ...settings,
  rules: { ...settings.rules, [rule]: { ...settings.rules[rule], mode: 'enforce', resources: {} } },
});

const nameOf = ({ entity, startAt }: Candidate): string =>
  JSON.stringify([entity.type, entity.id, startAt]);

function summed(
  candidates: readonly Candidate[],
  settings: DetectionSettings,
): Pick<DryRunSum, 'detections' | 'responses' | 'entities'> {
  const entities = new Map<string, DryRunEntity>();
  let spent: (SpentOrders & { readonly at: number })[] = [];
  let responses = 0;
  for (const candidate of candidates) {
    const instant = candidate.endAt.getTime();
    spent = spent.filter(({ at }) => at > instant - RESPONSE_BUDGET_SECONDS * 1_000);
    const ordered = decideResponses(candidate, settings, spent).filter(
      ({ verdict }) => verdict === 'ordered',
    ).length;
    spent.push({
      rule: candidate.rule,
      subjectId: candidate.subjectId,
      orders: ordered,
      at: instant,
    });
    responses += ordered;
    count(entities, candidate.entity, ordered);
  }
  const most = [...entities.values()].sort((one, other) => other.detections - one.detections);
  return { detections: candidates.length, responses, entities: most.slice(0, ENTITIES_MAX) };
}

function count(
  entities: Map<string, DryRunEntity>,
  entity: DetectionEntity,
  responses: number,
): void {
  const name = JSON.stringify([entity.type, entity.id]);
  const known = entities.get(name) ?? { entity, detections: 0, responses: 0 };
  entities.set(name, {
    entity,
    detections: known.detections + 1,
    responses: known.responses + responses,
  });
}
