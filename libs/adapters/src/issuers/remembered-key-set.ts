import { type KeySet } from '#identity';
import { type Clock, DependencyUnavailable } from '#kernel';
import { type KeySetRhythm } from './key-set-rhythm.js';
import { type PublishedKeys } from './published-keys.js';
import { reasonOf } from './reason-of.js';

export interface RememberedKeySetParts {
  readonly clock: Clock;
  /** For what was fetched last: a document may say how long it is good for. */
  readonly rhythm: (published: PublishedKeys | undefined) => KeySetRhythm;
  /** Names the issuer, for messages. */
  readonly issuerId: string;
  /** Fetches. Answers with `known` itself when nothing changed: what is kept for a list of keys stays. */
  readonly load: (known: PublishedKeys | undefined) => Promise<PublishedKeys>;
  readonly onProblem: (message: string) => void;
}

const REFETCH_INTERVAL_SECONDS = 30;
/** With nothing to go on with, a failed attempt is repeated after this time: callers wait for it. */
const FIRST_RETRY_SECONDS = 2;
/** The same problem is not reported again within this time. */
const REPORT_INTERVAL_SECONDS = 60;

/** The key set of one issuer: fetched by one at a time, kept, renewed on use, and used no longer than it may. */
export class RememberedKeySet {
  #published: PublishedKeys | undefined;
  #known: KeySet | undefined;
  #loading: Promise<KeySet> | undefined;
  #failure: DependencyUnavailable | undefined;
  #attemptedAt = -Infinity;
  #refetchedAt = -Infinity;
  #reported: string | undefined;
  #reportedAt = -Infinity;

  constructor(private readonly parts: RememberedKeySetParts) {}

  async current(): Promise<KeySet> {
    const usable = this.#usable();
    if (usable === undefined) return this.#first();
    const { refreshAfterSeconds, freshForSeconds } = this.#rhythm();
    const age = this.#ageSeconds(usable);
    if (age < refreshAfterSeconds) return usable;
    if (this.#loading === undefined && this.#isRetrying()) return usable;
    const refreshed = this.#load().catch(() => usable);
    return age < freshForSeconds || this.#failure !== undefined ? usable : refreshed;
  }

  async refetch(): Promise<KeySet> {
    const usable = this.#usable();
    if (usable === undefined) return this.#first();
    // Who comes while it runs waits for it: after a rotation many bring the new key id at once.
    if (this.#loading !== undefined) return this.#loading.catch(() => usable);
    if (this.#within(REFETCH_INTERVAL_SECONDS, this.#refetchedAt)) return usable;
    if (this.#isRetrying()) return usable;
    this.#refetchedAt = this.#now();
    return this.#load().catch(() => usable);
  }

  #first(): Promise<KeySet> {
    if (this.#failure !== undefined && this.#within(FIRST_RETRY_SECONDS, this.#attemptedAt)) {
      return Promise.reject(this.#failure);
    }
    return this.#load();
  }

  /** One at a time: who comes while it runs gets its answer. */
  #load(): Promise<KeySet> {
    this.#loading ??= this.#attempt().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #attempt(): Promise<KeySet> {
    this.#attemptedAt = this.#now();
    try {
      const published = await this.parts.load(this.#published);
      this.#published = published;
      this.#known = keySetOf(published, this.parts.clock.now());
      this.#failure = undefined;
      return this.#known;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): DependencyUnavailable {
    const message = `the keys of issuer ${this.parts.issuerId} cannot be had: ${reasonOf(error)}`;
    this.#failure = new DependencyUnavailable('issuer-keys', message, { cause: error });
    const rest =
      this.#usable() === undefined ? 'its tokens are refused' : 'the last good set is used';
    this.#report(`${message}; ${rest}`);
    return this.#failure;
  }

  #report(problem: string): void {
    const isNews = problem !== this.#reported;
    if (!isNews && this.#within(REPORT_INTERVAL_SECONDS, this.#reportedAt)) return;
    this.#reported = problem;
    this.#reportedAt = this.#now();
    this.parts.onProblem(problem);
  }

  #usable(): KeySet | undefined {
    if (this.#known === undefined) return undefined;
    return this.#ageSeconds(this.#known) < this.#rhythm().usableForSeconds
      ? this.#known
      : undefined;
  }

  /** Whether an attempt failed and the next is not due. After a success the age of the set alone says when it is. */
  #isRetrying(): boolean {
    if (this.#failure === undefined) return false;
    return this.#within(this.#rhythm().retryAfterSeconds, this.#attemptedAt);
  }

  #rhythm(): KeySetRhythm {
    return this.parts.rhythm(this.#published);
  }

  /** A clock that was turned back must not make a set younger: then it counts as old as the step is long. */
  #ageSeconds(set: KeySet): number {
    return Math.abs(this.#now() - set.fetchedAt.getTime() / 1000);
  }

  #within(seconds: number, since: number): boolean {
    return Math.abs(this.#now() - since) < seconds;
  }

  #now(): number {
    return this.parts.clock.now().getTime() / 1000;
  }
}

const keySetOf = ({ keys, x509Authorities }: PublishedKeys, fetchedAt: Date): KeySet => ({
  keys,
  ...(x509Authorities === undefined ? {} : { x509Authorities }),
  fetchedAt,
});
