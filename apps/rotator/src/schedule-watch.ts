import { type Clock, randomId } from '#kernel';
import { dueOccurrence, type RotationTerms } from '#rotation';
import { type RotationRequests } from './version-watch.js';

export interface ScheduleWatchParts {
  readonly terms: readonly RotationTerms[];
  readonly requests: RotationRequests;
  readonly clock: Clock;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
}

/** Asks for the rotations whose time has come. Each time of a schedule is asked for once, however many rotators there are. */
export class ScheduleWatch {
  readonly #asked = new Map<string, string>();

  constructor(private readonly parts: ScheduleWatchParts) {}

  /** Call it every few seconds. Never rejects: what fails is told, and asked for again. */
  async look(): Promise<void> {
    for (const terms of this.parts.terms) {
      await this.#ask(terms).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown failure';
        this.parts.onProblem(`${terms.resource}: its schedule cannot be followed yet: ${reason}`);
      });
    }
  }

  async #ask({ resource, schedule }: RotationTerms): Promise<void> {
    const { clock, requests } = this.parts;
    const occurrence = schedule === undefined ? undefined : dueOccurrence(schedule, clock.now());
    if (occurrence === undefined || this.#asked.get(resource) === occurrence) return;
    const { kind } = await requests.request({
      resource,
      origin: 'generated',
      trigger: 'schedule',
      occurrence,
      correlationId: randomId('sch'),
    });
    // While another rotation is active it is asked for again, until its window is over.
    if (kind !== 'active') this.#asked.set(resource, occurrence);
  }
}
