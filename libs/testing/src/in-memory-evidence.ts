import { Evidence, type PosternEvent, type RecordedEvent } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

/** What a journal in memory recorded, with a switch for the outage of a real one. */
export class InMemoryEvidence extends Evidence {
  #reachable = true;

  constructor(private readonly journal: InMemoryEventJournal) {
    super();
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  override async findByCorrelation(
    correlationId: string,
    limit: number,
  ): Promise<readonly RecordedEvent[]> {
    if (!this.#reachable) {
      throw new DependencyUnavailable('evidence', 'the evidence is told to be away');
    }
    return recorded(this.journal.events)
      .filter(({ correlationid }) => correlationid === correlationId)
      .sort((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)))
      .slice(0, limit);
  }
}

/** With the place of each among those of its key, as the outbox counts them. */
function recorded(events: readonly PosternEvent[]): RecordedEvent[] {
  const counts = new Map<string, number>();
  return events.map((event) => {
    const place = (counts.get(event.partitionkey) ?? 0) + 1;
    counts.set(event.partitionkey, place);
    return { ...event, recordedtime: event.time, sequence: String(place).padStart(20, '0') };
  });
}
