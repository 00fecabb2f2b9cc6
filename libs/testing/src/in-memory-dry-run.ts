import {
  type DetectionSettings,
  DRY_RUN_DAYS,
  DRY_RUN_VALID_DAYS,
  DryRun,
  type DryRunSum,
  enforces,
  heldBack,
  type PermittedSettings,
  type RuleId,
  settingsDigest,
} from '#detection';
import { DependencyUnavailable, secondsAfter } from '#kernel';

const DAY_SECONDS = 86_400;

/** Remembers what was tried, and finds nothing. */
export class InMemoryDryRun extends DryRun {
  readonly #tried: { readonly name: string; readonly at: Date }[] = [];
  /** As while the database is away. */
  isAway = false;

  constructor(private readonly rules: readonly RuleId[]) {
    super();
  }

  override async run(
    rule: RuleId,
    settings: DetectionSettings,
    { now }: Parameters<DryRun['run']>[2],
  ): Promise<DryRunSum> {
    this.#requireThere();
    this.#tried.push({ name: nameOf(rule, settings), at: now });
    const from = secondsAfter(now, -DRY_RUN_DAYS * DAY_SECONDS);
    return { rule, from, until: now, detections: 0, responses: 0, entities: [] };
  }

  override async permitted(settings: DetectionSettings, now: Date): Promise<PermittedSettings> {
    this.#requireThere();
    const since = secondsAfter(now, -DRY_RUN_VALID_DAYS * DAY_SECONDS);
    const isTried = (rule: RuleId): boolean =>
      this.#tried.some(
        ({ name, at }) => name === nameOf(rule, settings) && at > since && at <= now,
      );
    const untried = this.rules.filter((rule) => enforces(settings.rules[rule]) && !isTried(rule));
    return heldBack(settings, untried);
  }

  #requireThere(): void {
    if (this.isAway) throw new DependencyUnavailable('postgresql', 'it is away');
  }
}

const nameOf = (rule: RuleId, { rules }: DetectionSettings): string =>
  settingsDigest(rule, rules[rule]);
