import { type IssuerRegistry } from '#identity';
import { type Clock } from '#kernel';
import { type GrantSource } from '#policy';

export interface Review {
  readonly kind: 'issuer' | 'grant';
  readonly id: string;
  readonly owner: string;
  /** The first instant at which it is no longer trusted. */
  readonly review_by: string;
  readonly overdue: boolean;
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

  byDate(): Review[] {
    const { issuers, grants } = this.parts;
    const all = [
      ...issuers.all().map((issuer) => this.#review('issuer', issuer)),
      ...grants.current().grants.map((grant) => this.#review('grant', grant)),
    ];
    return all.sort((one, other) => (one.review_by < other.review_by ? -1 : 1));
  }

  #review(kind: Review['kind'], due: { id: string; owner: string; reviewBy: Date }): Review {
    const overdue = due.reviewBy <= this.parts.clock.now();
    return { kind, id: due.id, owner: due.owner, review_by: due.reviewBy.toISOString(), overdue };
  }
}
