import { type IssuerRegistry } from '#identity';
import { type Clock } from '#kernel';
import { type Metrics } from '#platform';
import { type GrantSource } from '#policy';

export interface Review {
  readonly kind: 'issuer' | 'grant';
  readonly id: string;
  readonly owner: string;
  readonly purpose: string;
  /** The first instant at which it is no longer trusted. */
  readonly review_by: string;
  readonly overdue: boolean;
}

interface Reviewed {
  readonly id: string;
  readonly owner: string;
  readonly purpose: string;
  readonly reviewBy: Date;
}

/** What is due for review, and when trust in it ends. */
export class Reviews {
  constructor(
    private readonly parts: {
      readonly issuers: IssuerRegistry;
      readonly grants: GrantSource;
      readonly clock: Clock;
    },
  ) {}

  /** Soonest first. */
  byDate(): Review[] {
    const { issuers, grants } = this.parts;
    return [
      ...issuers.all().map((issuer) => this.#review('issuer', issuer)),
      ...grants.current().grants.map((grant) => this.#review('grant', grant)),
    ].sort((one, other) => one.review_by.localeCompare(other.review_by));
  }

  /** `postern_review_overdue`, counted when it is read: a date passes without anything else happening. */
  countIn(metrics: Metrics): void {
    metrics.gaugeOf('review_overdue', 'Issuers and grants that are past their review', () => {
      return this.byDate().filter(({ overdue }) => overdue).length;
    });
  }

  #review(kind: Review['kind'], { id, owner, purpose, reviewBy }: Reviewed): Review {
    const overdue = reviewBy <= this.parts.clock.now();
    return { kind, id, owner, purpose, review_by: reviewBy.toISOString(), overdue };
  }
}
