import { PosternError } from '#kernel';

/**
 * `unknown_resource`: it is not rotated by Postern. `origin_not_allowed`: a value from there is not taken for it.
 * `not_in_hand`: it has no version that calls use. `not_permitted`: it is for another operator to say. `not_now`: the
 * rotation has come too far, or not far enough.
 */
export type RotationRefusal =
  'unknown_resource' | 'origin_not_allowed' | 'not_in_hand' | 'not_permitted' | 'not_now';

/** What is asked of rotations is not done; the message says why and what to do, for operators. */
export class RotationRefused extends PosternError {
  override readonly code = 'rotation-refused';

  constructor(
    readonly refusal: RotationRefusal,
    message: string,
  ) {
    super(message);
  }
}
