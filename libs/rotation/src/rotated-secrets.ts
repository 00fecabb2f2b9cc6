import { type SecretRef } from '#credentials';
import { PosternError, type Secret } from '#kernel';

export type SecretFields = ReadonlyMap<string, Secret>;

/** Somebody else wrote the path in the meantime: nothing was written. */
export class SecretMoved extends PosternError {
  override readonly code = 'secret-moved';
}

/**
 * The writing half of a secret store, for rotations alone. Live values lie on the path itself, where the newest version is
 * the one in use; a pending value lies on a path of its own, which no proxy may read, and goes away by itself after a
 * while should nobody remove it. Every call ends within 40 seconds. May be called at once by many.
 * All throw SecretStoreUnavailable, SecretMalformed and SecretRefInvalid.
 */
export abstract class RotatedSecrets {
  /**
   * Keeps the pending value of a rotation, unless there is one already, which stays. @throws SecretRefInvalid
   */
  abstract stage(ref: SecretRef, rotationId: string, fields: SecretFields): Promise<void>;

  /** The pending value of a rotation; undefined: there is none. */
  abstract staged(ref: SecretRef, rotationId: string): Promise<SecretFields | undefined>;

  /** Removes the pending value, if there is one. */
  abstract discard(ref: SecretRef, rotationId: string): Promise<void>;

  /**
   * Writes a value as version `after + 1`, marked with `token` where the store can do so, and gives that number.
   * @throws SecretMoved when `after` is not the newest version
   */
  abstract write(
    ref: SecretRef,
    place: { readonly after: number; readonly token: string },
    fields: SecretFields,
  ): Promise<number>;

  /**
   * Ends one version for ever; without effect when it is gone.
   * @throws SecretMoved when it is the newest one, which stays: an administrator has begun the path anew
   */
  abstract destroy(ref: SecretRef, version: number): Promise<void>;
}
