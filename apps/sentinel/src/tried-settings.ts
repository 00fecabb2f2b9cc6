import { type DetectionSettings, heldBack, type PermittedSettings } from '#detection';
import { type SentinelStores } from './sentinel-stores.js';

/**
 * How rules are set, with those that look at windows only monitoring until they were tried as they are set: until the
 * first look nobody knows that of any.
 */
export class TriedSettings {
  #permitted: PermittedSettings;
  #hasLooked = false;

  constructor(
    private readonly declared: DetectionSettings,
    private readonly parts: Pick<SentinelStores, 'dryRun' | 'dryRunRequests' | 'evaluator'>,
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

  /** Tries what operators asked for; resolves to how many rules. @throws DependencyUnavailable */
  async tryAsked(now: Date): Promise<number> {
    const { dryRun, dryRunRequests } = this.parts;
    const asked = await dryRunRequests.take();
    for (const { rule, operatorId } of asked) {
      await dryRun.run(rule, this.declared, { operatorId, now });
    }
    if (asked.length > 0) await this.look(now);
    return asked.length;
  }
}
