import { refSegments, type SecretRef, SecretRefInvalid } from '#credentials';

const ROTATION_ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Where the pending value of a rotation lies: beside the ref, on a path that no policy of a proxy permits.
 * @throws SecretRefInvalid
 */
export function pendingRef(ref: SecretRef, rotationId: string): SecretRef {
  if (!ROTATION_ID.test(rotationId)) {
    throw new SecretRefInvalid(
      'a pending value is asked for with an id that no rotation has: letters, digits, - and _, at most 64',
    );
  }
  refSegments(ref); // What comes behind it would make a path of a ref that is none.
  return { mount: ref.mount, path: `${ref.path}.pending/${rotationId}` };
}

/** How long a pending value stays that nobody removes: as long as somebody may need to find out what happened to it. */
export const PENDING_SECONDS = 30 * 24 * 60 * 60;
