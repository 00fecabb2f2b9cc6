import {
  type AskedDryRun,
  type DetectionSettings,
  heldBack,
  type PermittedSettings,
  type RuleId,
} from '#detection';
import { secondsAfter } from '#kernel';
import { type SentinelStores } from './sentinel-stores.js';

/** Until what could not be tried is tried again. */
const AGAIN_SECONDS = 60;

/**
 * How rules are set, with those that look at windows only monitoring until they were tried as they are set: until the
 * first look nobody knows that of any.
 */
export class TriedSettings {
  #permitted: PermittedSettings;
  #hasLooked = false;
  /** Of rules whose last trial failed: when they are tried again. */
  readonly #restingUntil = new Map<RuleId, Date>();

  constructor(
    private readonly declared: DetectionSettings,
    private readonly parts: Pick<
      SentinelStores,
      'dryRun' | 'dryRunRequests' | 'duty' | 'evaluator'
    >,
  ) {
    this.#permitted = heldBack(declared, parts.evaluator.rules);
  }

  /** As they were found by the last look that succeeded. */
  get current(): DetectionSettings {
    return this.#permitted.settings;
  }

  /** Those that are to enforce and were not tried; undefined: none. */
  get note(): string | undefined {
    const { untried } = this.#permitted;
    if (untried.length === 0) return undefined;
    const rules = untried.join(', ');
    return `${rules} monitor and do not enforce: their thresholds were not tried in the last days (postern detections dry-run)`;
  }

  /**
   * For whoever acts by them: what is found before the first look would be told and never answered. Looks when nobody has
   * yet. @throws DependencyUnavailable
   */
  async known(now: Date): Promise<DetectionSettings> {
    if (!this.#hasLooked) await this.look(now);
    return this.current;
  }

  /** When it rejects, all stays as it was found before. @throws DependencyUnavailable */
  async look(now: Date): Promise<void> {
    this.#permitted = await this.parts.dryRun.permitted(this.declared, now);
    this.#hasLooked = true;
  }

  /**
   * Tries what operators asked for, on one sentinel of a deployment; resolves to how many rules. What fails is tried again
   * after a minute, and the others are not kept from it. @throws DependencyUnavailable
   */
  async tryAsked(now: Date): Promise<number> {
    const { dryRunRequests, duty } = this.parts;
    const waiting = await dryRunRequests.waiting();
    const asked = waiting.filter(({ rule }) => (this.#restingUntil.get(rule) ?? now) <= now);
    if (asked.length === 0 || !(await duty.isOurs())) return 0;
    for (const one of asked) await this.#try(one, now);
    return asked.length;
  }

  async #try({ rule, operatorId }: AskedDryRun, now: Date): Promise<void> {
    const { dryRun, dryRunRequests } = this.parts;
    this.#restingUntil.set(rule, secondsAfter(now, AGAIN_SECONDS));
    await dryRun.run(rule, this.declared, { operatorId, now });
    await dryRunRequests.done(rule);
    this.#restingUntil.delete(rule);
    await this.look(now);
  }
}
