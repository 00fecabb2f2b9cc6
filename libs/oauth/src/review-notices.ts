import { type PosternEvent, type ReviewNoticeDays } from '#events';

/** One notice of a review that is near: the same for every process that looks. */
export interface ReviewNotice {
  readonly kind: 'issuer' | 'grant';
  /** Id of the issuer or the grant. */
  readonly id: string;
  /** A review that was moved is another review: its notices are told anew. */
  readonly reviewBy: Date;
  readonly daysLeft: ReviewNoticeDays;
}

/** Which notices were told. Once told is told for all processes, and after every restart. */
export abstract class ReviewNotices {
  /**
   * Records the notice together with its event, or neither. `known`: it was told before, and this event was not
   * written. Of many at once that tell the same notice, exactly one resolves to `told`.
   * @throws DependencyUnavailable, EventTooLarge: then nothing was recorded.
   */
  abstract tell(notice: ReviewNotice, event: PosternEvent): Promise<'told' | 'known'>;
}
