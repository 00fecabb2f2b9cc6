import { type PosternEvent } from '#events';
import { type Canary, CANARIES_LIVE_MAX, type CanaryFilter, CanaryStore } from '#handles';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

/** Canaries in memory; the journal they are recorded with is what can be away. */
export class InMemoryCanaryStore extends CanaryStore {
  readonly #canaries = new Map<string, Canary>();

  constructor(private readonly journal: InMemoryEventJournal) {
    super();
  }

  override async plant(canary: Canary, event: PosternEvent): Promise<'planted' | 'full'> {
    if (this.#live().length >= CANARIES_LIVE_MAX) return 'full';
    this.journal.record([event]);
    this.#canaries.set(canary.id, canary);
    return 'planted';
  }

  override async end(
    id: string,
    at: Date,
    eventOf: (canary: Canary) => PosternEvent,
  ): Promise<Canary | undefined> {
    const canary = this.#canaries.get(id);
    if (canary?.endedAt !== undefined || canary === undefined) return canary;
    const ended = { ...canary, endedAt: at };
    this.journal.record([eventOf(ended)]);
    this.#canaries.set(id, ended);
    return ended;
  }

  override async list({ after = '', limit }: CanaryFilter): Promise<readonly Canary[]> {
    return [...this.#canaries.values()]
      .filter(({ id }) => id > after)
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, limit);
  }

  override async live(): Promise<readonly Pick<Canary, 'id' | 'digest'>[]> {
    return this.#live().map(({ id, digest }) => ({ id, digest }));
  }

  #live(): readonly Canary[] {
    return [...this.#canaries.values()].filter(({ endedAt }) => endedAt === undefined);
  }
}
