import {
  refSegments,
  SecretNotFound,
  type SecretRef,
  SecretStore,
  SecretStoreUnavailable,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { type Secret } from '#kernel';

interface WrittenVersion {
  readonly fields: ReadonlyMap<string, Secret>;
  readonly writing: string;
  state: 'readable' | 'deleted' | 'destroyed';
}

/** A secret store in memory, with a switch for each condition that a real one falls into. */
export class InMemorySecretStore extends SecretStore {
  readonly #paths = new Map<string, WrittenVersion[]>();
  #writings = 0;
  #condition: SecretStoreUnavailable['condition'] | undefined;
  #gate: Promise<void> = Promise.resolve();

  /** Calls of each method so far, those that failed too. */
  readonly calls = { currentVersion: 0, read: 0 };

  /** Writes the next version and resolves to its number. */
  async put(ref: SecretRef, fields: ReadonlyMap<string, Secret>): Promise<number> {
    const versions = this.#versions(ref);
    this.#writings += 1;
    versions.push({
      fields: new Map(fields),
      writing: String(this.#writings),
      state: 'readable',
    });
    this.#paths.set(this.#address(ref), versions);
    return versions.length;
  }

  /** The number of the newest version, readable or not; 0: never written. */
  newest(ref: SecretRef): number {
    return this.#versions(ref).length;
  }

  mark(ref: SecretRef, version: number, state: 'readable' | 'deleted' | 'destroyed'): void {
    const written = this.#versions(ref)[version - 1];
    if (written === undefined) throw new Error(`no version ${version} to mark`);
    written.state = state;
  }

  /** Forgets the path and all that was known of it: the next writing is version 1 again. */
  erase(ref: SecretRef): void {
    this.#paths.delete(this.#address(ref));
  }

  /** From now on every call fails in this way; undefined ends it. */
  failWith(condition: SecretStoreUnavailable['condition'] | undefined): void {
    this.#condition = condition;
  }

  /** Calls wait until the returned function is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  override async currentVersion(ref: SecretRef): Promise<VersionMark> {
    this.calls.currentVersion += 1;
    await this.#admit();
    const versions = this.#versions(ref);
    const newest = versions.at(-1);
    if (newest === undefined) throw new SecretNotFound(ref);
    if (newest.state !== 'readable') throw new SecretNotFound(ref, versions.length);
    return { version: versions.length, writing: newest.writing };
  }

  override async read(ref: SecretRef, version: number): Promise<SecretVersion> {
    this.calls.read += 1;
    await this.#admit();
    const written = this.#versions(ref)[version - 1];
    if (written?.state !== 'readable') throw new SecretNotFound(ref, version);
    return { ref: { mount: ref.mount, path: ref.path }, version, fields: written.fields };
  }

  async #admit(): Promise<void> {
    await this.#gate;
    if (this.#condition !== undefined) {
      throw new SecretStoreUnavailable(
        this.#condition,
        `the in-memory store is told to be ${this.#condition}`,
      );
    }
  }

  #versions(ref: SecretRef): WrittenVersion[] {
    return this.#paths.get(this.#address(ref)) ?? [];
  }

  #address(ref: SecretRef): string {
    const { mount, path } = refSegments(ref);
    return JSON.stringify([mount, path]);
  }
}
