import { type EvidenceLog, type RuleEvaluator, type RuleId } from '#detection';
import { BaselineRules } from './baselines.js';
import { Findings } from './findings.js';
import { nameOf } from './inline-run.js';
import { MEDIAN_ALONE, STREAM } from './measured-rules.js';
import {
  DAY_MS,
  FIRST_DAY_MS,
  HOUR_MS,
  LEARNING_PART,
  MINUTE_MS,
  SECOND_MS,
  type Volume,
} from './model.js';
import { type Attack, type SimulatedEvent } from './recorder.js';
import { KNOWN_ZONES, settingsOf } from './settings.js';
import { SimulatedTraffic } from './traffic.js';

const BATCH = 500;
const ROUND_MS = 10 * SECOND_MS;
const LOOK_MS = 6 * HOUR_MS;
/** For so long after its beginning an attack is looked at in every round; later only with all others. */
const CLOSE_LOOK_MS = 45 * MINUTE_MS;

export interface StreamRun {
  readonly findings: Findings;
  readonly attacks: readonly Attack[];
  readonly workloads: number;
  /** Of the days that count: those after what learns has learnt. */
  readonly benign: number;
  readonly days: number;
  /** Rules whose text failed in a round, with how often. */
  readonly failures: ReadonlyMap<RuleId, number>;
}

export interface Evidence {
  readonly log: EvidenceLog;
  readonly evaluator: RuleEvaluator;
}

/** A rule with other figures, under a name of its own. */
interface Variant {
  readonly finder?: string;
  readonly thresholds?: Readonly<Record<string, number>>;
}

type OnDay = (day: number, events: number) => void;

export const runStream = (volume: Volume, evidence: Evidence, onDay: OnDay): Promise<StreamRun> =>
  new Streaming(volume, evidence).run(onDay);

/**
 * The windowed rules in event time. Events come as they arrive. Every six hours every rule looks at the last seven: by the
 * contract of RuleEvaluator it finds in rounds of ten seconds what it finds in one that is longer.
 * From the beginning of an attack on its own rule looks every ten seconds until it has found it: that is the time to detect.
 */
class Streaming {
  readonly #findings = new Findings();
  readonly #baselines = new BaselineRules(this.#findings);
  readonly #settings = settingsOf('prod');
  readonly #failures = new Map<RuleId, number>();
  readonly #traffic: SimulatedTraffic;
  #newest = 0;
  #benign = 0;
  #waiting: readonly SimulatedEvent[] = [];

  constructor(
    private readonly volume: Volume,
    private readonly evidence: Evidence,
  ) {
    this.#traffic = new SimulatedTraffic(volume);
  }

  async run(onDay: OnDay): Promise<StreamRun> {
    let [day, events] = [0, 0];
    for (const arrived of this.#traffic.days()) {
      await this.#live(arrived, day);
      events += arrived.length;
      day += 1;
      onDay(day, events);
    }
    const { attacks, workloads } = this.#traffic;
    return {
      ...{ findings: this.#findings, attacks, workloads: workloads.length, benign: this.#benign },
      ...{ days: this.volume.days - this.#firstDay, failures: this.#failures },
    };
  }

  get #firstDay(): number {
    return Math.floor(this.volume.days * LEARNING_PART);
  }

  async #live(arrived: readonly SimulatedEvent[], day: number): Promise<void> {
    const midnight = FIRST_DAY_MS + day * DAY_MS;
    await this.evidence.log.purge(new Date(midnight));
    this.#findings.remember(arrived);
    this.#waiting = arrived;
    if (day < this.#firstDay) return this.#arrive(Infinity);
    this.#benign += arrived.filter(({ label }) => label.attack === undefined).length;
    for (const one of arrived) this.#baselines.take(one);
    this.#baselines.forget(midnight + DAY_MS - HOUR_MS);
    const isLast = day === this.volume.days;
    for (let look = 1; look <= (isLast ? 1 : DAY_MS / LOOK_MS); look += 1) {
      const end = midnight + look * LOOK_MS;
      await this.#closely(end - LOOK_MS, end);
      await this.#arrive(isLast ? Infinity : end);
      const until = new Date(this.#newest - this.#settings.watermarkSeconds * SECOND_MS);
      const from = new Date(until.getTime() - LOOK_MS - HOUR_MS);
      for (const rule of STREAM) await this.#evaluate(rule, { from, until }, end);
      const { finder, busyFactor } = MEDIAN_ALONE;
      await this.#evaluate('D17', { from, until }, end, { finder, thresholds: { busyFactor } });
    }
  }

  /** Rounds of ten seconds for the attacks that began lately and were not found yet. */
  async #closely(from: number, until: number): Promise<void> {
    const watched = this.#traffic.attacks.filter(
      ({ rule, variant, startedAt }) =>
        isStream(rule) &&
        variant === 'plain' &&
        startedAt < until &&
        startedAt + CLOSE_LOOK_MS > from,
    );
    if (watched.length === 0) return;
    for (let now = from + ROUND_MS; now < until; now += ROUND_MS) {
      const open = watched.filter((attack) => this.#isOpen(attack, now));
      if (open.length === 0) continue;
      await this.#arrive(now);
      const closed = new Date(this.#newest - this.#settings.watermarkSeconds * SECOND_MS);
      const span = { from: new Date(closed.getTime() - 2 * ROUND_MS), until: closed };
      for (const rule of new Set(open.map((attack) => attack.rule))) {
        await this.#evaluate(rule, span, now);
      }
    }
  }

  #isOpen(attack: Attack, now: number): boolean {
    const { startedAt, rule } = attack;
    if (now < startedAt || now > startedAt + CLOSE_LOOK_MS) return false;
    return !this.#findings.isFound(attack, rule, 'alarm');
  }

  /** Keeps what has arrived by then. */
  async #arrive(now: number): Promise<void> {
    const due = this.#waiting.findIndex(({ arrivedAt }) => arrivedAt > now);
    const count = due === -1 ? this.#waiting.length : due;
    for (let from = 0; from < count; from += BATCH) {
      const batch = this.#waiting.slice(from, Math.min(from + BATCH, count));
      await this.evidence.log.append(
        batch.map(({ event }) => event),
        KNOWN_ZONES,
      );
      for (const { event } of batch) this.#newest = Math.max(this.#newest, Date.parse(event.time));
    }
    this.#waiting = this.#waiting.slice(count);
  }

  async #evaluate(
    rule: RuleId,
    span: { readonly from: Date; readonly until: Date },
    now: number,
    { finder = rule, thresholds = {} }: Variant = {},
  ): Promise<void> {
    const { evaluator } = this.evidence;
    const settings = { ...this.#settings.rules[rule], thresholds };
    const candidates = await evaluator.evaluate(rule, settings, span).catch(() => undefined);
    if (candidates === undefined) {
      this.#failures.set(rule, (this.#failures.get(rule) ?? 0) + 1);
      return;
    }
    for (const candidate of candidates) {
      const { severity, evidence } = candidate;
      this.#findings.add({
        ...{ name: `${finder} ${nameOf(candidate)}`, finder, severity, evidence, at: now },
      });
    }
  }
}

const isStream = (rule: RuleId): boolean => (STREAM as readonly RuleId[]).includes(rule);
