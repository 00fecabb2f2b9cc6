import {
  type EventFactory,
  type PosternEvent,
  REVIEW_NOTICE_DAYS,
  type ReviewNoticeDays,
  type Severity,
} from '#events';
import { type IssuerRegistry } from '#identity';
import { type Clock, randomId } from '#kernel';
import { type GrantSource } from '#policy';
import { type ReviewNotice, type ReviewNotices } from './review-notices.js';

const DAY_MS = 86_400_000;
const TEXT_CHARACTERS_MAX = 256;

const SEVERITY: Readonly<Record<ReviewNoticeDays, Severity>> = {
  30: 'INFO',
  7: 'WARN',
  0: 'ERROR',
};

export interface ReviewCadenceParts {
  readonly issuers: IssuerRegistry;
  readonly grants: GrantSource;
  readonly notices: ReviewNotices;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** What is reviewed. */
interface Reviewed {
  readonly kind: ReviewNotice['kind'];
  readonly id: string;
  readonly owner: string;
  readonly purpose: string;
  readonly reviewBy: Date;
  /** Of grants only. */
  readonly version?: number;
}

/** Tells owners that a review is near: 30 and 7 days before trust ends, and when it has ended. */
export class ReviewCadence {
  constructor(private readonly parts: ReviewCadenceParts) {}

  /**
   * Tells what is due and was not told, soonest first; resolves to how many that were. Of the notices of one review
   * only the nearest is told: who was off for a month hears what matters now. Ends early when `signal` is aborted.
   * @throws DependencyUnavailable: what was not told by then is told by the next check.
   */
  async check(signal?: AbortSignal): Promise<number> {
    const now = this.parts.clock.now();
    let told = 0;
    for (const reviewed of this.#soonestFirst()) {
      const daysLeft = nearestNotice(reviewed.reviewBy, now);
      if (daysLeft === undefined || signal?.aborted === true) break; // Those that follow are later still.
      if ((await this.#tell(reviewed, daysLeft)) === 'told') told += 1;
    }
    return told;
  }

  #tell(reviewed: Reviewed, daysLeft: ReviewNoticeDays): Promise<'told' | 'known'> {
    const { kind, id, reviewBy } = reviewed;
    const event = dueEvent(this.parts.events, reviewed, daysLeft);
    return this.parts.notices.tell({ kind, id, reviewBy, daysLeft }, event);
  }

  #soonestFirst(): readonly Reviewed[] {
    const { issuers, grants } = this.parts;
    return [
      ...issuers.all().map((issuer): Reviewed => ({ kind: 'issuer', ...termsOf(issuer) })),
      ...grants.current().grants.map((grant): Reviewed => ({
        kind: 'grant',
        ...termsOf(grant),
        version: grant.version,
      })),
    ].sort((one, other) => one.reviewBy.getTime() - other.reviewBy.getTime());
  }
}

const termsOf = ({
  id,
  owner,
  purpose,
  reviewBy,
}: Omit<Reviewed, 'kind'>): Omit<Reviewed, 'kind'> => ({
  id,
  owner,
  purpose,
  reviewBy,
});

/** The last of the notices that is due at `now`; undefined while none is. */
function nearestNotice(reviewBy: Date, now: Date): ReviewNoticeDays | undefined {
  const leftMs = reviewBy.getTime() - now.getTime();
  return REVIEW_NOTICE_DAYS.findLast((days) => leftMs <= days * DAY_MS);
}

function dueEvent(
  events: EventFactory,
  reviewed: Reviewed,
  daysLeft: ReviewNoticeDays,
): PosternEvent {
  const { kind, id, owner, purpose, reviewBy, version } = reviewed;
  const item = `review/${kind}/${id}`;
  return events.create('dev.postern.review.due.v1', {
    subject: item,
    partitionKey: item,
    correlationId: randomId('rev'),
    severity: SEVERITY[daysLeft],
    data: {
      kind,
      id,
      owner: owner.slice(0, TEXT_CHARACTERS_MAX),
      ...(purpose === '' ? {} : { purpose: purpose.slice(0, TEXT_CHARACTERS_MAX) }),
      ...(version === undefined ? {} : { grant_version: version }),
      review_by: reviewBy.toISOString(),
      days_left: daysLeft,
    },
  });
}
