import {
  AuditLog,
  type KeptCheckpoint,
  type Leaf,
  leafIfCanonical,
  LEAVES_MAX,
  type MerkleHash,
  type NextCheckpoint,
  type WaitingLeaves,
} from '#audit';
import { type PosternEvent, type RecordedEvent } from '#events';

/** The log in memory: events that were published are given to it with `add`. */
export class InMemoryAuditLog extends AuditLog {
  readonly waitingEvents: RecordedEvent[] = [];
  readonly kept: { size: number; note: string; frontier: readonly MerkleHash[] }[] = [];
  readonly leafRows: Leaf[] = [];
  /** What was written to the outbox. */
  readonly events: PosternEvent[] = [];
  /** Events that have no canonical form. */
  #leafless = 0;
  #origin: string | undefined;

  constructor(private readonly mark = '0a1b2c3d') {
    super();
  }

  add(events: readonly RecordedEvent[]): void {
    this.waitingEvents.push(...events);
  }

  override open(name: string): Promise<string> {
    this.#origin ??= `${name}/${this.mark}`;
    return Promise.resolve(this.#origin);
  }

  override waiting(): Promise<WaitingLeaves> {
    const signed = this.kept.at(-1)?.size ?? 0;
    const count = this.waitingEvents.length + this.leafRows.length - signed + this.#leafless;
    return Promise.resolve({
      count: Math.min(count, LEAVES_MAX),
      oldestAgeSeconds: count === 0 ? 0 : 1,
      lost: this.#leafless,
    });
  }

  override sequence(limit: number, hash: (event: RecordedEvent) => MerkleHash): Promise<number> {
    const taken = this.waitingEvents.splice(0, limit).flatMap((event) => this.#hashed(event, hash));
    for (const { id, leaf } of taken) {
      this.leafRows.push({ index: this.leafRows.length, eventId: id, hash: leaf });
    }
    return Promise.resolve(taken.length);
  }

  #hashed(
    event: RecordedEvent,
    hash: (event: RecordedEvent) => MerkleHash,
  ): readonly { readonly id: string; readonly leaf: MerkleHash }[] {
    const leaf = leafIfCanonical(event, hash);
    if (leaf !== undefined) return [{ id: event.id, leaf }];
    this.#leafless += 1;
    return [];
  }

  override publish({
    checkpoint,
    note,
    frontier,
    sizeBefore,
    event,
  }: NextCheckpoint): Promise<boolean> {
    if ((this.kept.at(-1)?.size ?? 0) !== sizeBefore) return Promise.resolve(false);
    this.kept.push({ size: checkpoint.size, note, frontier });
    this.events.push(event);
    return Promise.resolve(true);
  }

  override leaves(from: number, limit: number): Promise<readonly Leaf[]> {
    return Promise.resolve(this.leafRows.slice(from, from + limit));
  }

  override checkpointUpTo(size: number): Promise<KeptCheckpoint | undefined> {
    return Promise.resolve(aged(this.kept.findLast((one) => one.size <= size)));
  }

  override checkpointAfter(size: number): Promise<KeptCheckpoint | undefined> {
    return Promise.resolve(aged(this.kept.find((one) => one.size > size)));
  }
}

const aged = (kept: Omit<KeptCheckpoint, 'ageSeconds'> | undefined): KeptCheckpoint | undefined =>
  kept === undefined ? undefined : { ...kept, ageSeconds: 0 };
