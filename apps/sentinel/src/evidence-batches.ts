import { type RecordedEvent } from '#events';

/**
 * Takes what was fetched together at once, and gives each event its own answer: one that cannot be taken costs the
 * others of its batch a second try and no more.
 */
export class EvidenceBatches {
  /** By the object that was announced: what is never delivered is forgotten with it. */
  readonly #announced = new WeakMap<RecordedEvent, Promise<boolean>>();

  /** @param take Takes a batch, all of it or nothing; may be asked for the same again. */
  constructor(private readonly take: (batch: readonly RecordedEvent[]) => Promise<unknown>) {}

  /** These come next. */
  ahead(events: readonly RecordedEvent[]): void {
    if (events.length < 2) return;
    const taken = this.take(events).then(
      () => true,
      () => false,
    );
    for (const event of events) this.#announced.set(event, taken);
  }

  /** Resolves when the event was taken. Rejects as `take` does for this event alone. */
  async handle(event: RecordedEvent): Promise<void> {
    const wasTaken = await this.#announced.get(event);
    this.#announced.delete(event); // Asked again, it is looked at by itself.
    if (wasTaken !== true) await this.take([event]);
  }
}
