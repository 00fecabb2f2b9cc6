import { type SecretRef } from './secret-ref.js';

/** One value a ref. Mount and path are two keys, never joined. */
export class ByRef<Value> {
  readonly #mounts = new Map<string, Map<string, Value>>();

  get(ref: SecretRef): Value | undefined {
    return this.#mounts.get(ref.mount)?.get(ref.path);
  }

  set(ref: SecretRef, value: Value): void {
    let paths = this.#mounts.get(ref.mount);
    if (paths === undefined) {
      paths = new Map();
      this.#mounts.set(ref.mount, paths);
    }
    paths.set(ref.path, value);
  }

  delete(ref: SecretRef): void {
    this.#mounts.get(ref.mount)?.delete(ref.path);
  }

  *values(): Iterable<Value> {
    for (const paths of this.#mounts.values()) yield* paths.values();
  }
}
