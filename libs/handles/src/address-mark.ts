import { type Digest, sameDigest, sha256OfParts } from '#kernel';
import { type Handle } from './handle.js';

/**
 * What is kept of the address that a handle was given to. The handle itself is in it, and stored nowhere: who has all that
 * is stored cannot find the address by trying, and learns nothing of two handles that went to one. Undefined without an
 * address, as of a connection that is gone.
 */
export const addressMark = (plaintext: string, address: string): Digest | undefined =>
  address === '' ? undefined : sha256OfParts(['address', plaintext, address]);

/** Whether the handle was given to this address; undefined: that is not known. */
export function wasGivenTo(
  handle: Pick<Handle, 'addressMark'>,
  plaintext: string,
  address: string,
): boolean | undefined {
  const mark = addressMark(plaintext, address);
  if (mark === undefined || handle.addressMark === undefined) return undefined;
  return sameDigest(mark, handle.addressMark);
}
