import { type Clock, type PosternError } from '#kernel';
import { ByRef } from './by-ref.js';
import { PinnedCredential, type PinningTerms } from './pinned-credential.js';
import { type SecretRef, type SecretVersion } from './secret-ref.js';
import { type SecretStore } from './secret-store.js';

export interface PinnedCredentialsSettings {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** How often the store is asked for a newer version while a credential is in use; spread by a fifth. Default 10. */
  readonly refreshSeconds?: number;
  /** How long a version is used that the store could not confirm. Default 300. */
  readonly staleSecondsMax?: number;
  /** Told of every failed read, at most once a second and ref. Must not throw. */
  readonly onProblem?: (ref: SecretRef, problem: PosternError) => void;
}

export interface PinnedVersion {
  readonly ref: SecretRef;
  readonly version: number;
}

const REFRESH_SECONDS = 10;
const STALE_SECONDS_MAX = 300;

/**
 * The secret versions that calls use, from memory after the first read. One entry a ref (mount and path as two keys,
 * never joined), which holds the newest version and the mark of its writing; and one for each version that is asked for. While a ref is in use its entry is confirmed in
 * the background; the call that triggers it does not wait. A version that is gone from a store that answers ends at
 * the next refresh. Holds as many entries as there are refs: give it refs of registered resources only.
 */
export class PinnedCredentials {
  readonly #newest = new ByRef<PinnedCredential>();
  /** Of managed credentials: whoever asks says the version. */
  readonly #versions = new ByRef<Map<number, PinnedCredential>>();
  readonly #terms: PinningTerms;

  constructor(settings: PinnedCredentialsSettings) {
    this.#terms = {
      store: settings.store,
      clock: settings.clock,
      refreshMs: (settings.refreshSeconds ?? REFRESH_SECONDS) * 1000,
      staleMsMax: (settings.staleSecondsMax ?? STALE_SECONDS_MAX) * 1000,
      onProblem: settings.onProblem ?? (() => undefined),
    };
  }

  /**
   * The version to use for a call that starts now.
   * @throws SecretStoreUnavailable, SecretNotFound, SecretMalformed, SecretRefInvalid
   */
  current(ref: SecretRef): Promise<SecretVersion> {
    return this.#entry(ref).current();
  }

  /** The same without a promise; undefined when memory does not suffice: then ask `current`. */
  peek(ref: SecretRef): SecretVersion | undefined {
    return this.#newest.get(ref)?.peek();
  }

  /**
   * Exactly this version, whatever is newest: of a credential whose version is said elsewhere. It is confirmed as the
   * newest ones are, and ends with `keepVersions`.
   * @throws SecretStoreUnavailable, SecretNotFound, SecretMalformed, SecretRefInvalid
   */
  version(ref: SecretRef, version: number): Promise<SecretVersion> {
    let versions = this.#versions.get(ref);
    if (versions === undefined) {
      versions = new Map();
      this.#versions.set(ref, versions);
    }
    let entry = versions.get(version);
    if (entry === undefined) {
      entry = new PinnedCredential({ mount: ref.mount, path: ref.path }, this.#terms, version);
      versions.set(version, entry);
    }
    return entry.current();
  }

  /** The same from memory alone; undefined: ask `version`. */
  peekVersion(ref: SecretRef, version: number): SecretVersion | undefined {
    return this.#versions.get(ref)?.get(version)?.peek();
  }

  /** Forgets all others, also the one that was the newest before others were asked for by their number. */
  keepVersions(ref: SecretRef, kept: readonly number[]): void {
    this.#newest.delete(ref);
    const versions = this.#versions.get(ref);
    for (const version of [...(versions?.keys() ?? [])]) {
      if (!kept.includes(version)) versions?.delete(version);
    }
  }

  /** What calls that start now would use, as far as it was read. */
  versionsInUse(): readonly PinnedVersion[] {
    const pinned = [...this.#versions.values()].flatMap((versions) => [...versions.values()]);
    return [...this.#newest.values(), ...pinned].flatMap(({ ref, version }) =>
      version === undefined ? [] : [{ ref, version }],
    );
  }

  /** The next call reads anew. A read that is under way still answers those who wait for it. */
  forget(ref: SecretRef): void {
    this.#newest.delete(ref);
    this.#versions.delete(ref);
  }

  #entry(ref: SecretRef): PinnedCredential {
    let entry = this.#newest.get(ref);
    if (entry === undefined) {
      entry = new PinnedCredential({ mount: ref.mount, path: ref.path }, this.#terms);
      this.#newest.set(ref, entry);
    }
    return entry;
  }
}
