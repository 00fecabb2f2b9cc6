import { type FSWatcher, watch } from 'node:fs';
import { type Digest } from '#kernel';
import {
  type GrantFileText,
  type GrantSet,
  GrantSetInvalid,
  type GrantSetObserver,
  type GrantSetRejection,
  ObservableGrantSource,
} from '#policy';
import { type GrantFolder, readGrantFolder } from './read-grant-folder.js';

export interface FileGrantSourceOptions {
  readonly folder: string;
  /** Throws when the files do not make a set; its message has one line a problem. */
  readonly compile: (files: readonly GrantFileText[]) => GrantSet;
  /** Told each line of what is wrong with the folder, once for each state of the folder. */
  readonly onProblem: (message: string) => void;
  /** A change is read when the folder has looked the same twice, this far apart. Default 100. */
  readonly settleMs?: number;
  /** The folder is read this often even when no change was noticed: file systems that do not notify. Default 3000. */
  readonly pollMs?: number;
}

/** Whether the set in force is that of the folder. */
export type GrantSourceState =
  | { readonly kind: 'current' }
  /** The folder has no valid set: the last good one is in force. */
  | ({ readonly kind: 'stale' } & GrantSetRejection);

const SETTLE_MS = 100;
const POLL_MS = 3000;
/** About ten seconds of a folder that never looks the same twice. */
const UNSETTLED_LOOKS_MAX = 100;

/**
 * Grants from a folder that is watched. A new set comes into force as a whole; an invalid one, or a folder that cannot
 * be read, leaves the last good set in force and says so. A file that is still being written is waited for: the folder
 * has to look the same twice.
 */
export class FileGrantSource extends ObservableGrantSource {
  readonly #options: FileGrantSourceOptions;
  readonly #observers: GrantSetObserver[] = [];
  #set: GrantSet;
  #state: GrantSourceState = { kind: 'current' };
  /** What the folder was when it was last compiled, well or not. */
  #judged: string;
  /** What it was when last looked at, when that differs from what was judged. */
  #unsettled: { readonly mark: string; readonly looks: number } | undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  /** The watcher said something since the last look began. */
  #notified = false;
  #closed = false;

  private constructor(options: FileGrantSourceOptions, set: GrantSet, judged: Digest) {
    super();
    this.#options = options;
    this.#set = set;
    this.#judged = judged;
  }

  /**
   * Reads the folder, then watches it until close().
   * @throws GrantFolderUnreadable, or what `compile` throws: there is no last good set to start with.
   */
  static async open(options: FileGrantSourceOptions): Promise<FileGrantSource> {
    const { files, digest } = await readGrantFolder(options.folder);
    const source = new FileGrantSource(options, options.compile(files), digest);
    source.#watch();
    source.#lookLater();
    return source;
  }

  override current(): GrantSet {
    return this.#set;
  }

  override observe(observer: GrantSetObserver): void {
    this.#observers.push(observer);
    if (this.#state.kind === 'stale') observer.onRejected(rejectionOf(this.#state));
  }

  state(): GrantSourceState {
    return this.#state;
  }

  /** For health: what is wrong with the folder while the last good set is in force; undefined when nothing is. */
  trouble(): string | undefined {
    if (this.#state.kind === 'current') return undefined;
    return `the last good set is in force: ${this.#state.problems.join('; ')}`;
  }

  /** Stops watching; a look that is under way is waited for and has no effect any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }

  /** The watcher makes changes quick; what it misses or cannot do, the poll does. */
  #watch(): void {
    try {
      const watcher = watch(this.#options.folder, { persistent: false }, () => this.#notice());
      watcher.on('error', () => watcher.close());
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  /** Brings the next look forward, once: a folder in which something stirs all the time is still looked at. */
  #notice(): void {
    if (this.#notified) return;
    this.#notified = true;
    if (this.#looking === undefined) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#closed) return;
    const { settleMs = SETTLE_MS, pollMs = POLL_MS } = this.#options;
    const soon = this.#notified || this.#unsettled !== undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lookNow(), soon ? settleMs : pollMs).unref();
  }

  #lookNow(): void {
    this.#notified = false;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
      this.#lookLater();
    });
  }

  async #look(): Promise<void> {
    const found = await this.#read();
    if (this.#closed) return;
    const mark = found instanceof Error ? found.message : found.digest;
    const { mark: before, looks } = this.#unsettled ?? { mark: this.#judged, looks: 0 };
    if (mark === before) {
      this.#unsettled = undefined;
      if (mark !== this.#judged) this.#judge(found, mark);
      return;
    }
    this.#unsettled = { mark, looks: looks + 1 };
    if (looks + 1 === UNSETTLED_LOOKS_MAX) {
      this.#judged = ''; // Whatever the folder comes to rest as is judged again, so that stale ends.
      this.#goStale({
        files: [],
        problems: [`${this.#options.folder} keeps changing: its files cannot be read at rest`],
      });
    }
  }

  async #read(): Promise<GrantFolder | Error> {
    try {
      return await readGrantFolder(this.#options.folder);
    } catch (error) {
      return asError(error);
    }
  }

  #judge(found: GrantFolder | Error, mark: string): void {
    this.#judged = mark;
    const set = found instanceof Error ? found : this.#compile(found);
    if (set instanceof Error) {
      this.#goStale({ files: filesOf(set), problems: set.message.split('\n') });
      return;
    }
    const previous = this.#set;
    this.#set = set;
    this.#state = { kind: 'current' };
    for (const observer of this.#observers) observer.onSwap(previous, set);
  }

  #goStale(rejection: GrantSetRejection): void {
    this.#state = { kind: 'stale', ...rejection };
    for (const problem of rejection.problems) this.#options.onProblem(problem);
    for (const observer of this.#observers) observer.onRejected(rejection);
  }

  #compile({ files }: GrantFolder): GrantSet | Error {
    try {
      return this.#options.compile(files);
    } catch (error) {
      return asError(error);
    }
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

const rejectionOf = ({ files, problems }: GrantSetRejection): GrantSetRejection => ({
  files,
  problems,
});

const filesOf = (failure: Error): readonly string[] =>
  failure instanceof GrantSetInvalid
    ? [...new Set(failure.problems.map(({ where }) => where))]
    : [];
