import { HopelessRecord } from '#events';

/**
 * Why a candidate of a stream processor comes to nothing. `not_borne_out`: the sentinel's own evidence does not show it.
 */
export type CandidateRefusal =
  'unknown_rule' | 'wrong_entity' | 'in_future' | 'too_old' | 'no_window' | 'not_borne_out';

/** A candidate that leads to no detection. The message repeats nothing of it. */
export class CandidateRefused extends HopelessRecord {
  override readonly code = 'candidate-refused';

  constructor(
    override readonly reason: CandidateRefusal,
    message: string,
  ) {
    super(message);
  }
}
