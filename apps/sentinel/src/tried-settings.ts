import { type DetectionSettings, type RuleId } from '#detection';
import { type SentinelStores } from './sentinel-stores.js';

/** How rules are set, with those that look at windows only monitoring until they were tried as they are set. */
export class TriedSettings {
  #current: DetectionSettings;
  #untried: readonly RuleId[] = [];

  constructor(
    private readonly declared: DetectionSettings,
    private readonly parts: Pick<SentinelStores, 'dryRun' | 'dryRunRequests'>,
  ) {
    this.#current = declared;
  }

  get current(): DetectionSettings {
    return this.#current;
  }

  /** Those that are to enforce and were not tried; undefined: none. */
  get note(): string | undefined {
    if (this.#untried.length === 0) return undefined;
    const rules = this.#untried.join(', ');
    return `${rules} monitor and do not enforce: their thresholds were not tried in the last days (postern detections dry-run)`;
  }

  /** @throws DependencyUnavailable */
  async look(now: Date): Promise<void> {
    const { settings, untried } = await this.parts.dryRun.permitted(this.declared, now);
    this.#current = settings;
    this.#untried = untried;
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
