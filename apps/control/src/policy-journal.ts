import { type EventFactory, type EventJournal, type PosternEvent } from '#events';
import { randomId } from '#kernel';
import {
  type GrantSet,
  type GrantSetObserver,
  type GrantSetRejection,
  type ObservableGrantSource,
} from '#policy';
import { changeOf } from './grant-set-change.js';
import { listed, NAMES_BYTES_MAX, PROBLEMS_BYTES_MAX } from './listed.js';

/** Events that wait for the journal. Files do not change so often: the oldest of more than these are given up. */
const WAITING_MAX = 1_000;
const BATCH_MAX = 100;
const ITEM = 'policy/grants';

export interface PolicyJournalParts {
  readonly grants: ObservableGrantSource;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly onFault: (failure: unknown) => void;
}

/**
 * Puts on record which grants are in force, and which files were rejected. Files change without asking: an event that
 * cannot be written waits, and the set is in force all the same.
 */
export class PolicyJournal implements GrantSetObserver {
  readonly #waiting: PosternEvent[] = [];
  #writing: Promise<void> | undefined;

  private constructor(private readonly parts: PolicyJournalParts) {}

  /** Tells of the set that is in force now, and of every change from here on. */
  static over(parts: PolicyJournalParts): PolicyJournal {
    const journal = new PolicyJournal(parts);
    const current = parts.grants.current();
    journal.#wait(journal.#changed(undefined, current));
    parts.grants.observe(journal);
    return journal;
  }

  /** A rejected folder that is put back as it was changes nothing. */
  onSwap(previous: GrantSet, current: GrantSet): void {
    if (previous.digest === current.digest) return;
    this.#wait(this.#changed(previous, current));
    this.#writeSoon();
  }

  onRejected(rejection: GrantSetRejection): void {
    this.#wait(this.#rejected(rejection));
    this.#writeSoon();
  }

  /** Writes what waits. @throws DependencyUnavailable: then it waits on. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_MAX);
      await this.parts.journal.append(batch);
      this.#waiting.splice(0, this.#waiting.length, ...without(this.#waiting, batch));
    }
  }

  #writeSoon(): void {
    this.flush().catch(this.parts.onFault);
  }

  #wait(event: PosternEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
  }

  #changed(previous: GrantSet | undefined, current: GrantSet): PosternEvent {
    return this.parts.events.create('dev.postern.policy.changed.v1', {
      ...this.#about(),
      data: changeOf(previous, current),
    });
  }

  #rejected({ files, problems }: GrantSetRejection): PosternEvent {
    const names = listed(files, NAMES_BYTES_MAX);
    const lines = listed(problems, PROBLEMS_BYTES_MAX);
    const omitted = names.omitted + lines.omitted;
    return this.parts.events.create('dev.postern.policy.rejected.v1', {
      ...this.#about(),
      severity: 'ERROR',
      data: {
        grant_set_digest: this.parts.grants.current().digest,
        files: names.kept,
        problems: lines.kept,
        ...(omitted === 0 ? {} : { omitted }),
      },
    });
  }

  #about(): { subject: string; partitionKey: string; correlationId: string } {
    return { subject: ITEM, partitionKey: ITEM, correlationId: randomId('pol') };
  }
}

const without = (events: readonly PosternEvent[], gone: readonly PosternEvent[]): PosternEvent[] =>
  events.filter((event) => !gone.includes(event));
