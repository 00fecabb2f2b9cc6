import { randomUUID } from 'node:crypto';
import { mkdtemp, open, type FileHandle, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Leaf, TOPICS_OUTSIDE } from '#audit';
import { EVENT_TOPICS, type EventBus, type RecordedEvent, type SubscriptionHandle } from '#events';
import { DependencyUnavailable, PosternError } from '#kernel';
import { type EventSource, type Likeness, likenessOf } from './event-source.js';

export interface SpoolParts {
  readonly bus: EventBus;
  /** The leaves of those of the events that are in the log, by the id of the event. */
  readonly leavesOf: (eventIds: readonly string[]) => Promise<ReadonlyMap<string, Leaf>>;
  readonly from: number;
  readonly to: number;
  readonly complain: (line: string) => void;
  /** Where the file of the moment lies; default: that of the system. */
  readonly folder?: string;
  /** Topics that give nothing for so long, and were not read to their ends, count as away. Default: 30 s. */
  readonly silenceMsMax?: number;
}

/** The file of the moment cannot be written or read. The message says where, why, and what to do. */
export class SpoolUnusable extends PosternError {
  override readonly code = 'audit-spool-unusable';
}

const BATCH = 500;
const LOOK_EVERY_MS = 100;
const SILENCE_MS_MAX = 30_000;

/**
 * Topics have no order among each other, the log has one: what is on Kafka is written down in a file of the moment as it
 * comes, and read again in the order of the log. Needs 13 bytes of memory an event, and as much disk as the events.
 * @throws DependencyUnavailable, SpoolUnusable
 */
export async function spoolEvents(parts: SpoolParts): Promise<EventSource> {
  const folder = parts.folder ?? tmpdir();
  const file = await namelessFile(folder).catch(unusable(folder));
  const close = (): Promise<void> => file.close();
  try {
    const spool = new Spool(file, folder, parts);
    await spool.fill();
    return { find: (leaves) => spool.find(leaves), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Without a name nobody else opens it, and nothing is left behind, however this process ends. */
async function namelessFile(folder: string): Promise<FileHandle> {
  const own = await mkdtemp(join(folder, 'postern-audit-'));
  try {
    return await open(join(own, 'events'), 'wx+', 0o600);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

const unusable =
  (folder: string) =>
  (error: unknown): never => {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new SpoolUnusable(
      `the events cannot be put by in ${folder} (${reason}): they need as much room there as the export; TMPDIR names another folder`,
    );
  };

class Spool {
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  /** 1 where the event is the one that was logged: then nothing takes its place. */
  readonly #genuine: Uint8Array;
  #end = 0;
  #genuineCount = 0;
  #forgedCount = 0;
  readonly #batch: RecordedEvent[] = [];
  #heardAt = performance.now();
  #work: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(
    private readonly file: FileHandle,
    private readonly folder: string,
    private readonly parts: SpoolParts,
  ) {
    const count = parts.to - parts.from;
    this.#offsets = new Float64Array(count);
    this.#lengths = new Uint32Array(count);
    this.#genuine = new Uint8Array(count);
  }

  async fill(): Promise<void> {
    const { bus, complain } = this.parts;
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
        this.#failure ??= error;
      },
    });
    try {
      while (!this.#isDone(subscription)) await pause(LOOK_EVERY_MS);
    } finally {
      await subscription.stop();
    }
    await this.#flush();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#forgedCount === 0) return;
    complain(`${this.#forgedCount} records bear the id of a logged event and are another`);
  }

  async find(leaves: readonly Leaf[]): Promise<ReadonlyMap<string, RecordedEvent>> {
    const found = new Map<string, RecordedEvent>();
    for (const { index, eventId } of leaves) {
      const event = await this.#read(index - this.parts.from).catch(unusable(this.folder));
      if (event !== undefined) found.set(eventId, event);
    }
    return found;
  }

  async #read(at: number): Promise<RecordedEvent | undefined> {
    const [offset, length] = [this.#offsets[at] ?? 0, this.#lengths[at] ?? 0];
    if (length === 0) return undefined;
    const { buffer } = await this.file.read(Buffer.alloc(length), 0, length, offset);
    return JSON.parse(buffer.toString('utf8')) as RecordedEvent;
  }

  #isDone({ progress }: SubscriptionHandle): boolean {
    if (this.#failure !== undefined || this.#genuineCount === this.#genuine.length) return true;
    if (progress.caughtUp) return true;
    const { silenceMsMax = SILENCE_MS_MAX } = this.parts;
    if (performance.now() - this.#heardAt <= silenceMsMax) return false;
    this.#failure = new DependencyUnavailable(
      'kafka',
      'nothing comes any more, and the topics were not read to their ends',
    );
    return true;
  }

  async #take(event: RecordedEvent): Promise<void> {
    this.#heardAt = performance.now();
    this.#batch.push(event);
    if (this.#batch.length >= BATCH) await this.#flush();
  }

  /** One at a time: partitions are handled beside each other. Never rejects: a record is not given again for our trouble. */
  #flush(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#keep(this.#batch.splice(0)))
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error('unknown failure');
      });
    return this.#work;
  }

  async #keep(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0 || this.#failure !== undefined) return;
    const { leavesOf, from, to } = this.parts;
    const leaves = await leavesOf(events.map(({ id }) => id));
    for (const event of events) {
      const leaf = leaves.get(event.id);
      if (leaf === undefined || leaf.index < from || leaf.index >= to) continue;
      await this.#offer(leaf.index - from, event, likenessOf(event, leaf));
    }
  }

  /**
   * The event that was logged wins over whatever else bears its id: who can write to a topic cannot put another one in its
   * place. One that is another is kept while there is none better, so that its line shows what was done to it.
   */
  async #offer(at: number, event: RecordedEvent, likeness: Likeness): Promise<void> {
    if (likeness !== 'same') this.#forgedCount += 1;
    if (likeness === 'unwritable' || this.#genuine[at] === 1) return;
    if (likeness === 'other' && this.#lengths[at] !== 0) return;
    await this.#write(at, Buffer.from(JSON.stringify(event))).catch(unusable(this.folder));
    if (likeness !== 'same') return;
    this.#genuine[at] = 1;
    this.#genuineCount += 1;
  }

  async #write(at: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      const { bytesWritten } = await this.file.write(bytes, done, left, this.#end + done);
      done += bytesWritten;
    }
    this.#offsets[at] = this.#end;
    this.#lengths[at] = bytes.length;
    this.#end += bytes.length;
  }
}
