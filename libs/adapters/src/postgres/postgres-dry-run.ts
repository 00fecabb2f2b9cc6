import {
  type Candidate,
  decideResponses,
  type DetectionEntity,
  type DetectionSettings,
  RESPONSE_BUDGET_SECONDS,
  type RuleEvaluator,
  type RuleId,
  RULES,
  type RuleSettings,
} from '#detection';
import { type Digest, secondsAfter, sha256 } from '#kernel';
import { type PostgresDatabase } from './postgres-database.js';

const DAY_SECONDS = 86_400;
/** How far a dry run looks back. */
export const DRY_RUN_DAYS = 7;
/** How long one counts before a rule has to be tried again. */
export const DRY_RUN_VALID_DAYS = 30;
const ENTITIES_MAX = 100;

/** What a rule would have done. */
export interface DryRunSum {
  readonly rule: RuleId;
  readonly from: Date;
  readonly until: Date;
  /** How many detections there would have been. */
  readonly detections: number;
  /** How many responses would have been ordered in `enforce`, within the budget. */
  readonly responses: number;
  /** Those with the most detections, at most a hundred. */
  readonly entities: readonly DryRunEntity[];
}

export interface DryRunEntity {
  readonly entity: DetectionEntity;
  readonly detections: number;
  readonly responses: number;
}

const REMEMBER = `
  insert into public.rule_dry_run (rule, settings_digest, at, found, by) values ($1, $2, $3, $4, $5)
  on conflict (rule, settings_digest, at) do nothing`;

const RECENT = `
  select 1 from public.rule_dry_run
  where rule = $1 and settings_digest = $2 and at > $3::timestamptz - make_interval(days => $4) and at <= $3 limit 1`;

/**
 * Tries rules on the evidence of the last seven days. A rule that looks at windows may enforce only with settings that were
 * tried less than thirty days before. Needs the role postern_sentinel.
 */
export class PostgresDryRun {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly evaluator: RuleEvaluator,
  ) {}

  /**
   * What the rule would have come to with the thresholds that it has in `settings`, whatever its mode is there; it is
   * remembered that it was tried. @throws DependencyUnavailable
   */
  async run(
    rule: RuleId,
    settings: DetectionSettings,
    by: { readonly operatorId: string; readonly now: Date },
  ): Promise<DryRunSum> {
    const span = { from: secondsAfter(by.now, -DRY_RUN_DAYS * DAY_SECONDS), until: by.now };
    const found = await this.#found(rule, settings.rules[rule], span.from);
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

  /**
   * The settings as they may be acted by: a rule that looks at windows and was not tried as it is set only monitors.
   * `untried` names those that were to enforce. @throws DependencyUnavailable
   */
  async permitted(
    settings: DetectionSettings,
    now: Date,
  ): Promise<{ readonly settings: DetectionSettings; readonly untried: readonly RuleId[] }> {
    const untried: RuleId[] = [];
    const rules = { ...settings.rules };
    for (const rule of this.evaluator.rules) {
      const set = settings.rules[rule];
      if (!enforces(set) || (await this.isTried(rule, set, now))) continue;
      untried.push(rule);
      rules[rule] = monitored(set);
    }
    return { settings: { ...settings, rules }, untried };
  }

  /** A day at a time: a statement over all of them would take too long. A bucket that two days share is found once. */
  async #found(rule: RuleId, settings: RuleSettings, from: Date): Promise<readonly Candidate[]> {
    const found = new Map<string, Candidate>();
    for (let day = 0; day < DRY_RUN_DAYS; day += 1) {
      const span = {
        from: secondsAfter(from, day * DAY_SECONDS),
        until: secondsAfter(from, (day + 1) * DAY_SECONDS),
      };
      for (const candidate of await this.evaluator.evaluate(rule, settings, span)) {
        found.set(nameOf(candidate), candidate);
      }
    }
    return [...found.values()].sort((one, other) => one.endAt.getTime() - other.endAt.getTime());
  }
}

/** Names how a rule is set, apart from its mode: the same for the same thresholds in any order. */
export function settingsDigest(rule: RuleId, { thresholds }: RuleSettings): Digest {
  const set = { ...RULES[rule].thresholds, ...thresholds };
  const listed = Object.entries(set).sort(([one], [other]) => (one < other ? -1 : 1));
  return sha256(JSON.stringify([rule, RULES[rule].revision, listed]));
}

const enforces = ({ mode, resources }: RuleSettings): boolean =>
  mode === 'enforce' || Object.values(resources).includes('enforce');

const monitored = (set: RuleSettings): RuleSettings => ({
  ...set,
  mode: set.mode === 'enforce' ? 'monitor' : set.mode,
  resources: Object.fromEntries(
    Object.entries(set.resources).map(([id, mode]) => [id, mode === 'enforce' ? 'monitor' : mode]),
  ),
});

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
  let orderedAt: number[] = [];
  let responses = 0;
  for (const candidate of candidates) {
    const instant = candidate.endAt.getTime();
    orderedAt = orderedAt.filter((earlier) => earlier > instant - RESPONSE_BUDGET_SECONDS * 1_000);
    const ordered = decideResponses(candidate, settings, orderedAt.length).filter(
      ({ verdict }) => verdict === 'ordered',
    ).length;
    orderedAt.push(...new Array<number>(ordered).fill(instant));
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
