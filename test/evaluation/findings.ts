import { type DetectionSeverity, detectionSeverities } from '#events';
import { type Attack, type SimulatedEvent } from './recorder.js';

/** Something that a rule, or a baseline, told of. */
export interface Finding {
  /** Of a detection: a rule and what it is about. The same again is the same finding. */
  readonly name: string;
  readonly finder: string;
  readonly severity: DetectionSeverity;
  /** Ids of events. */
  readonly evidence: readonly string[];
  /** When it was told, in simulated time. */
  readonly at: number;
}

/** What became of the findings of one name: when it was told first, and when first as an alarm. */
interface Known {
  readonly finder: string;
  readonly attacks: Set<Attack>;
  readonly nuisances: Set<string>;
  toldAt: number;
  alarmedAt: number;
}

/** Above facts that nobody is woken for. */
export const thresholds = { told: 'low', alarm: 'medium' } as const;
export type Threshold = keyof typeof thresholds;

const rank = (severity: DetectionSeverity): number => detectionSeverities.indexOf(severity);

/** Findings of one run, with what their evidence was part of. */
export class Findings {
  readonly #known = new Map<string, Known>();
  readonly #labelled = new Map<string, SimulatedEvent>();

  /** Of labels only: benign events without one are most of a run. */
  remember(events: readonly SimulatedEvent[]): void {
    for (const one of events) {
      const { attack, nuisance } = one.label;
      if (attack !== undefined || nuisance !== undefined) this.#labelled.set(one.event.id, one);
    }
  }

  add({ name, finder, severity, evidence, at }: Finding): void {
    let known = this.#known.get(name);
    if (known === undefined) {
      const none = { toldAt: Infinity, alarmedAt: Infinity };
      known = { finder, attacks: new Set(), nuisances: new Set(), ...none };
      this.#known.set(name, known);
    }
    for (const id of evidence) {
      const label = this.#labelled.get(id)?.label;
      if (label?.attack !== undefined) known.attacks.add(label.attack);
      if (label?.nuisance !== undefined) known.nuisances.add(label.nuisance);
    }
    if (rank(severity) >= rank(thresholds.told)) known.toldAt = Math.min(known.toldAt, at);
    if (rank(severity) >= rank(thresholds.alarm)) known.alarmedAt = Math.min(known.alarmedAt, at);
  }

  /** Whether the attack was found at the threshold. */
  isFound(attack: Attack, finder: string, threshold: Threshold): boolean {
    return this.#timesOf(attack, finder, threshold).length > 0;
  }

  /** Milliseconds from the first event of the attack; undefined: it was not found. */
  timeToDetect(attack: Attack, finder: string, threshold: Threshold): number | undefined {
    const [first] = this.#timesOf(attack, finder, threshold);
    return first === undefined ? undefined : Math.max(0, first - attack.startedAt);
  }

  /** How many of the findings of one finder were of attacks, and how many of nothing. */
  count(finder: string, threshold: Threshold): { readonly right: number; readonly wrong: number } {
    const told = this.#toldOf(finder, threshold);
    const right = told.filter(({ attacks }) => attacks.size > 0).length;
    return { right, wrong: told.length - right };
  }

  /** What the wrong ones were part of: for who looks for their cause. */
  causes(finder: string, threshold: Threshold): readonly string[] {
    const wrong = this.#toldOf(finder, threshold).filter(({ attacks }) => attacks.size === 0);
    const causes = wrong.map(
      ({ nuisances }) => [...nuisances].sort().join(' + ') || 'plain traffic',
    );
    return [...new Set(causes)]
      .map((cause) => `${cause}: ${causes.filter((one) => one === cause).length}`)
      .sort();
  }

  #toldOf(finder: string, threshold: Threshold): readonly Known[] {
    return [...this.#known.values()].filter(
      (known) => known.finder === finder && timeOf(known, threshold) < Infinity,
    );
  }

  #timesOf(attack: Attack, finder: string, threshold: Threshold): readonly number[] {
    return this.#toldOf(finder, threshold)
      .filter(({ attacks }) => attacks.has(attack))
      .map((known) => timeOf(known, threshold))
      .sort((one, other) => one - other);
  }
}

const timeOf = (known: Known, threshold: Threshold): number =>
  threshold === 'told' ? known.toldAt : known.alarmedAt;
