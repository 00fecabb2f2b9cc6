import { randomInt } from 'node:crypto';
import { type Clock, PosternError } from '#kernel';
import { refText, sameRef, type SecretRef, type SecretVersion } from './secret-ref.js';
import {
  SecretMalformed,
  SecretNotFound,
  type SecretStore,
  SecretStoreUnavailable,
  type VersionMark,
} from './secret-store.js';

/** After a failed read, for this long the answer is the same error, and the store has its peace. */
export const FAILURE_REMEMBERED_MS = 1_000;
/** Refreshes spread over this share of the interval on both sides, so that a fleet does not ask in step. */
const JITTER_PER_MILLE = 200;

export interface PinningTerms {
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly refreshMs: number;
  readonly staleMsMax: number;
  readonly onProblem: (ref: SecretRef, problem: PosternError) => void;
}

interface Held {
  readonly version: SecretVersion;
  readonly mark: VersionMark;
  /** Resolved already; kept so that the hot path makes none. */
  readonly served: Promise<SecretVersion>;
  /** When the store was last asked and confirmed this version. */
  verifiedAtMs: number;
  refreshAtMs: number;
}

/**
 * What is known of one ref: the version that calls use, or why there is none. At most one read is under way. The newest
 * version, or always the one of `pinned`.
 */
export class PinnedCredential {
  #held: Held | undefined;
  #failure: { readonly problem: PosternError; readonly untilMs: number } | undefined;
  #flight: Promise<SecretVersion> | undefined;

  constructor(
    readonly ref: SecretRef,
    private readonly terms: PinningTerms,
    private readonly pinned?: number,
  ) {}

  get version(): number | undefined {
    return this.#held?.version.version;
  }

  /** The version to use, from memory alone; undefined when the store must be asked first. */
  peek(): SecretVersion | undefined {
    return this.#servable()?.version;
  }

  current(): Promise<SecretVersion> {
    return this.#servable()?.served ?? this.#flight ?? this.#firstRead();
  }

  #servable(): Held | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    const nowMs = this.terms.clock.now().getTime();
    const ageMs = nowMs - held.verifiedAtMs;
    // A clock that was set back says nothing about age: ask the store.
    if (ageMs < 0 || ageMs > this.terms.staleMsMax) {
      this.#held = undefined;
      return undefined;
    }
    if (nowMs >= held.refreshAtMs && this.#flight === undefined) {
      this.#load().catch(() => undefined); // Recorded in #failed; this caller is served from memory.
    }
    return held;
  }

  #firstRead(): Promise<SecretVersion> {
    const failure = this.#failure;
    const waitMs = failure === undefined ? 0 : failure.untilMs - this.terms.clock.now().getTime();
    if (failure !== undefined && waitMs > 0 && waitMs <= FAILURE_REMEMBERED_MS) {
      return Promise.reject(failure.problem);
    }
    return this.#load();
  }

  #load(): Promise<SecretVersion> {
    const flight = this.#confirm()
      .catch((error: unknown) => {
        throw this.#failed(error);
      })
      .finally(() => {
        this.#flight = undefined;
      });
    this.#flight = flight;
    return flight;
  }

  async #confirm(): Promise<SecretVersion> {
    const askedAtMs = this.terms.clock.now().getTime();
    const { mark, version } = await this.#asked();
    this.#failure = undefined;
    this.#held = {
      version,
      mark,
      served: Promise.resolve(version),
      verifiedAtMs: askedAtMs,
      refreshAtMs: askedAtMs + jittered(this.terms.refreshMs),
    };
    return version;
  }

  async #asked(): Promise<Pick<Held, 'mark' | 'version'>> {
    if (this.pinned === undefined) {
      const mark = await this.terms.store.currentVersion(this.ref);
      return { mark, version: this.#heldAs(mark) ?? (await this.#read(mark)) };
    }
    const mark = { version: this.pinned, writing: '' };
    const read = await this.#read(mark);
    // The same object for the same fields: what was made of it stays good.
    const held = this.#held?.version;
    return { mark, version: held !== undefined && sameFields(held, read) ? held : read };
  }

  #heldAs(mark: VersionMark): SecretVersion | undefined {
    const held = this.#held;
    const unchanged = held?.mark.version === mark.version && held.mark.writing === mark.writing;
    return unchanged ? held.version : undefined;
  }

  async #read(mark: VersionMark): Promise<SecretVersion> {
    const version = await this.terms.store.read(this.ref, mark.version);
    if (!sameRef(version.ref, this.ref) || version.version !== mark.version) {
      throw new SecretMalformed(this.ref, 'the store answered with another secret or version');
    }
    return version;
  }

  #failed(error: unknown): PosternError {
    const problem = error instanceof PosternError ? error : unexpected(this.ref, error);
    const retryAtMs = this.terms.clock.now().getTime() + FAILURE_REMEMBERED_MS;
    this.#failure = { problem, untilMs: retryAtMs };
    if (isWithdrawal(problem)) this.#held = undefined;
    else if (this.#held !== undefined) this.#held.refreshAtMs = retryAtMs;
    this.terms.onProblem(this.ref, problem);
    return problem;
  }
}

const sameFields = ({ fields: one }: SecretVersion, { fields: other }: SecretVersion): boolean =>
  one.size === other.size &&
  [...one].every(([name, secret]) => other.get(name)?.matches(secret) === true);

/** The store was reached and says no: the secret is gone, or we may not have it any more. Memory must not overrule it. */
const isWithdrawal = (problem: PosternError): boolean =>
  problem instanceof SecretNotFound ||
  (problem instanceof SecretStoreUnavailable && problem.condition === 'denied');

/** A foreign error may quote what it failed on, so only its class is told, and it is no cause. */
const unexpected = (ref: SecretRef, error: unknown): SecretStoreUnavailable =>
  new SecretStoreUnavailable(
    'unreachable',
    `the secret store failed unexpectedly at ${refText(ref)} (${error instanceof Error ? error.constructor.name : typeof error})`,
  );

const jittered = (intervalMs: number): number =>
  (intervalMs * (1000 + randomInt(-JITTER_PER_MILLE, JITTER_PER_MILLE + 1))) / 1000;
