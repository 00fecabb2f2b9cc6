import { type Probe, type ProbeAnswer } from './probe.js';

type Breached = Extract<ProbeAnswer, { outcome: 'breached' }>;

/** What came of one probe so far: the last answer for each item, and the first breach for ever. */
export class ProbeRecord {
  readonly #last = new Map<string, ProbeAnswer>();
  #breached: Breached | undefined;
  #turn = 0;

  constructor(readonly probe: Probe) {}

  get breached(): Breached | undefined {
    return this.#breached;
  }

  /** The items whose turn it is, at most so many; all have their turn in time. */
  next(itemsMax: number): readonly string[] {
    const { items } = this.probe;
    const count = Math.min(itemsMax, items.length);
    const first = this.#turn;
    this.#turn = items.length === 0 ? 0 : (first + count) % items.length;
    return [...items.slice(first), ...items.slice(0, first)].slice(0, count);
  }

  note(item: string, answer: ProbeAnswer): void {
    this.#last.set(item, answer);
    if (answer.outcome === 'breached') this.#breached ??= answer;
  }

  /** Why it is not known that all of it is refused; undefined when it is. */
  doubt(): string | undefined {
    const { items, name } = this.probe;
    const unasked = items.filter((item) => !this.#last.has(item)).length;
    for (const [item, answer] of this.#last) {
      if (answer.outcome === 'unreachable') return `${name} (${item}): ${answer.reason}`;
    }
    return unasked === 0 ? undefined : `${name}: ${unasked} of ${items.length} not asked yet`;
  }
}
