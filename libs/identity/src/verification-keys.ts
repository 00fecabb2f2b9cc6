import { type KeySet, type PublishedJwk } from './key-source.js';
import { checkKeySet } from './parse-key-set.js';
import { type KeyUse, VerificationKey } from './verification-key.js';

/** The keys of one published set, each judged once. */
export class VerificationKeys {
  /** By the list of keys, which a key source keeps as long as its issuer publishes the same. */
  static readonly #judged: Readonly<Record<KeyUse, WeakMap<object, VerificationKeys>>> = {
    sig: new WeakMap(),
    'jwt-svid': new WeakMap(),
  };

  readonly #usable = new Map<string | undefined, VerificationKey[]>();
  readonly #problems = new Map<string | undefined, string>();

  private constructor(published: readonly PublishedJwk[], use: KeyUse) {
    checkKeySet(published);
    for (const jwk of published) {
      const key = VerificationKey.from(jwk, use);
      const keyId = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined;
      if (typeof key === 'string') this.#problems.set(keyId, key);
      else this.#usable.set(keyId, [...(this.#usable.get(keyId) ?? []), key]);
    }
  }

  /** @throws KeySetInvalid when the set as a whole must not be used. */
  static of(set: Pick<KeySet, 'keys'>, use: KeyUse = 'sig'): VerificationKeys {
    const known = this.#judged[use].get(set.keys);
    if (known !== undefined) return known;
    const judged = new VerificationKeys(set.keys, use);
    this.#judged[use].set(set.keys, judged);
    return judged;
  }

  /** Whether the set has a key of that id, usable or not: only an unknown one is worth asking the issuer again. */
  knows(keyId: string): boolean {
    return this.#usable.has(keyId) || this.#problems.has(keyId);
  }

  /**
   * The candidates for a token: those of its key id; for a token without one, those without one, and only when the
   * issuer names none of its keys.
   */
  named(keyId: string | undefined): readonly VerificationKey[] {
    const names = [...this.#usable.keys(), ...this.#problems.keys()];
    const nameless = names.every((name) => name === undefined);
    if (keyId === undefined && !nameless) return [];
    return this.#usable.get(keyId) ?? [];
  }

  /** Why a key of that id must not be used, when it must not. */
  problem(keyId: string | undefined): string | undefined {
    return this.#problems.get(keyId);
  }

  get usableCount(): number {
    return [...this.#usable.values()].flat().length;
  }

  /** What is wrong with the keys that must not be used. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }
}
