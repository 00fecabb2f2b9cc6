import { randomUUID } from 'node:crypto';
import { mkdtemp, open, type FileHandle, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Leaf, TOPICS_OUTSIDE } from '#audit';
import { EVENT_TOPICS, type EventBus, type RecordedEvent } from '#events';

/** Where the events of leaves come from; what is not found there is missing. */
export interface EventSource {
  find(leaves: readonly Leaf[]): Promise<ReadonlyMap<string, RecordedEvent>>;
  close(): Promise<void>;
}

export interface SpoolParts {
  readonly bus: EventBus;
  /** The indexes of those of the events that are in the log. */
  readonly indexesOf: (eventIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly from: number;
  readonly to: number;
  readonly complain: (line: string) => void;
}

const BATCH = 500;
/** Nothing came for so long: the topics have been read to their ends. */
const IDLE_MS = 5_000;

interface Place {
  readonly offset: number;
  readonly length: number;
}

/**
 * Topics have no order among each other, the log has one: what is on Kafka is written down in a file of the moment as it
 * comes, and read again in the order of the log. Needs 12 bytes of memory an event, and as much disk as the events.
 */
export async function spoolEvents(parts: SpoolParts): Promise<EventSource> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-audit-'));
  const file = await open(join(folder, 'events'), 'wx+', 0o600);
  const close = async (): Promise<void> => {
    await file.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const spool = new Spool(file, parts);
    await spool.fill();
    return { find: (leaves) => spool.find(leaves), close };
  } catch (error) {
    await close();
    throw error;
  }
}

class Spool {
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  #end = 0;
  #found = 0;
  readonly #batch: RecordedEvent[] = [];
  #heardAt = performance.now();
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly file: FileHandle,
    private readonly parts: SpoolParts,
  ) {
    this.#offsets = new Float64Array(parts.to - parts.from);
    this.#lengths = new Uint32Array(parts.to - parts.from);
  }

  async fill(): Promise<void> {
    const { bus, complain } = this.parts;
    let failure: Error | undefined;
    const subscription = await bus.subscribe({
      group: `postern-tail-${randomUUID()}`,
      topics: EVENT_TOPICS.filter((topic) => !TOPICS_OUTSIDE.includes(topic)),
      from: 'earliest',
      offsets: 'forgotten',
      handle: ({ event }) => this.#take(event),
      onUnreadable: ({ message }) => {
        complain(`a record was passed over: ${message}`);
      },
      onFailure: (error) => {
        failure = error;
      },
    });
    try {
      while (failure === undefined && !(await this.#isDone())) await pause(100);
    } finally {
      await subscription.stop();
    }
    if (failure !== undefined) throw failure;
  }

  async find(leaves: readonly Leaf[]): Promise<ReadonlyMap<string, RecordedEvent>> {
    const found = new Map<string, RecordedEvent>();
    for (const { index, eventId } of leaves) {
      const event = await this.#read(index - this.parts.from);
      if (event !== undefined) found.set(eventId, event);
    }
    return found;
  }

  async #read(at: number): Promise<RecordedEvent | undefined> {
    const { offset, length } = this.#placeOf(at);
    if (length === 0) return undefined;
    const { buffer } = await this.file.read(Buffer.alloc(length), 0, length, offset);
    return JSON.parse(buffer.toString('utf8')) as RecordedEvent;
  }

  #placeOf(at: number): Place {
    return { offset: this.#offsets[at] ?? 0, length: this.#lengths[at] ?? 0 };
  }

  async #take(event: RecordedEvent): Promise<void> {
    this.#heardAt = performance.now();
    this.#batch.push(event);
    if (this.#batch.length >= BATCH) await this.#flush();
  }

  async #isDone(): Promise<boolean> {
    const isIdle = performance.now() - this.#heardAt > IDLE_MS;
    if (isIdle || this.#batch.length + this.#found >= this.#lengths.length) await this.#flush();
    return isIdle || this.#found === this.#lengths.length;
  }

  /** One at a time: partitions are handled beside each other. */
  #flush(): Promise<void> {
    this.#work = this.#work.then(() => this.#keep(this.#batch.splice(0)));
    return this.#work;
  }

  async #keep(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { indexesOf, from, to } = this.parts;
    const indexes = await indexesOf(events.map(({ id }) => id));
    for (const event of events) {
      const index = indexes.get(event.id);
      if (index === undefined || index < from || index >= to) continue;
      if (this.#placeOf(index - from).length === 0) await this.#write(index - from, event);
    }
  }

  async #write(at: number, event: RecordedEvent): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(event));
    await this.file.write(bytes, 0, bytes.length, this.#end);
    this.#offsets[at] = this.#end;
    this.#lengths[at] = bytes.length;
    this.#end += bytes.length;
    this.#found += 1;
  }
}
