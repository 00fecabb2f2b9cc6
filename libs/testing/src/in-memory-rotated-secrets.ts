import {
  refSegments,
  refText,
  SecretMalformed,
  type SecretRef,
  SecretStoreUnavailable,
} from '#credentials';
import { pendingRef, RotatedSecrets, type SecretFields, SecretMoved } from '#rotation';
import { type InMemorySecretStore } from './in-memory-secret-store.js';

const FIELDS_MAX = 64;
const FIELDS_BYTES_MAX = 256 * 1024;

/** The writing half of the in-memory secret store: what is written here is read there. */
export class InMemoryRotatedSecrets extends RotatedSecrets {
  /** By where they lie. */
  readonly #pending = new Map<string, SecretFields>();
  /** By the token that a rotation wrote with. */
  readonly #written = new Map<string, number>();
  #condition: SecretStoreUnavailable['condition'] | undefined;

  constructor(private readonly store: InMemorySecretStore) {
    super();
  }

  /** From now on every call fails in this way; undefined ends it. */
  failWith(condition: SecretStoreUnavailable['condition'] | undefined): void {
    this.#condition = condition;
  }

  /** How many pending values there are, of all rotations. */
  get pendingValues(): number {
    return this.#pending.size;
  }

  /** The version that was written with that token; undefined: none. */
  writtenWith(token: string): number | undefined {
    return this.#written.get(token);
  }

  /** The time of a pending value has come: it goes away. */
  expire(ref: SecretRef, rotationId: string): void {
    this.#pending.delete(addressOf(ref, rotationId));
  }

  override async stage(ref: SecretRef, rotationId: string, fields: SecretFields): Promise<void> {
    this.#admit();
    const place = addressOf(ref, rotationId);
    requireUsable(ref, fields);
    if (!this.#pending.has(place)) this.#pending.set(place, new Map(fields));
  }

  override async staged(ref: SecretRef, rotationId: string): Promise<SecretFields | undefined> {
    this.#admit();
    return this.#pending.get(addressOf(ref, rotationId));
  }

  override async discard(ref: SecretRef, rotationId: string): Promise<void> {
    this.#admit();
    this.#pending.delete(addressOf(ref, rotationId));
  }

  override async write(
    ref: SecretRef,
    { after, token }: { readonly after: number; readonly token: string },
    fields: SecretFields,
  ): Promise<number> {
    this.#admit();
    requireUsable(ref, fields);
    if (this.store.newest(ref) !== after) {
      throw new SecretMoved(`${refText(ref)} is not at version ${after} any more`);
    }
    const version = await this.store.put(ref, fields);
    this.#written.set(token, version);
    return version;
  }

  override async destroy(ref: SecretRef, version: number): Promise<void> {
    this.#admit();
    const newest = this.store.newest(ref);
    if (newest === 0 || version > newest || version < 1) return;
    if (newest === version) {
      throw new SecretMoved(`version ${version} of ${refText(ref)} is the newest: it stays`);
    }
    this.store.mark(ref, version, 'destroyed');
  }

  #admit(): void {
    if (this.#condition === undefined) return;
    throw new SecretStoreUnavailable(
      this.#condition,
      `the in-memory store is told to be ${this.#condition}`,
    );
  }
}

function addressOf(ref: SecretRef, rotationId: string): string {
  const { mount, path } = refSegments(pendingRef(ref, rotationId));
  return JSON.stringify([mount, path]);
}

function requireUsable(ref: SecretRef, fields: SecretFields): void {
  const texts = [...fields].flatMap(([name, secret]) => [name, secret.reveal()]);
  if (fields.size === 0) throw new SecretMalformed(ref, 'it has no fields');
  if (fields.size > FIELDS_MAX || Buffer.byteLength(texts.join('')) >= FIELDS_BYTES_MAX) {
    throw new SecretMalformed(ref, 'it is too large');
  }
}
