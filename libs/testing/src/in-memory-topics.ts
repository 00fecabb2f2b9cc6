import { type BusRecord, type IncomingRecord, type Topic } from '#events';

/** What lies on a topic: an event, or bytes that somebody put there. */
export interface InMemoryEntry {
  readonly topic: Topic;
  readonly partition: number;
  readonly content: { readonly event: BusRecord } | { readonly bytes: IncomingRecord };
}

export const IN_MEMORY_PARTITIONS = 4;

/** What several buses share, as processes share a cluster. */
export class InMemoryTopics {
  readonly entries: InMemoryEntry[] = [];
  /** Members of each group, in the order in which they came: the first one reads. */
  readonly members = new Map<string, object[]>();
  readonly #offsets = new Map<string, number>();
  readonly #sleepers = new Set<() => void>();

  get records(): readonly BusRecord[] {
    return this.entries.flatMap(({ content }) => ('event' in content ? [content.event] : []));
  }

  add(topic: Topic, key: string, content: InMemoryEntry['content']): void {
    this.entries.push({ topic, partition: partitionOf(key), content });
  }

  /** Where the group goes on in the partition. */
  offset(group: string, topic: Topic, partition: number): number | undefined {
    return this.#offsets.get(JSON.stringify([group, topic, partition]));
  }

  moveTo(group: string, { topic, partition }: InMemoryEntry, offset: number): void {
    this.#offsets.set(JSON.stringify([group, topic, partition]), offset);
  }

  /** Gives a group that has none its first offsets. */
  begin(group: string, topics: readonly Topic[], offset: number): void {
    for (const topic of topics) {
      for (let partition = 0; partition < IN_MEMORY_PARTITIONS; partition += 1) {
        if (this.offset(group, topic, partition) !== undefined) continue;
        this.#offsets.set(JSON.stringify([group, topic, partition]), offset);
      }
    }
  }

  forget(group: string): void {
    for (const name of this.#offsets.keys()) {
      if ((JSON.parse(name) as string[])[0] === group) this.#offsets.delete(name);
    }
  }

  wake(): void {
    for (const sleeper of this.#sleepers) sleeper();
    this.#sleepers.clear();
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.add(resolve));
  }
}

const partitionOf = (key: string): number =>
  Buffer.from(key).reduce((sum, byte) => (sum * 31 + byte) % 65_521, 0) % IN_MEMORY_PARTITIONS;
