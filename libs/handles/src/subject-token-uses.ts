import { type Digest } from '#kernel';

/** One presentation of a subject token that led to a handle. */
export interface SubjectTokenUse {
  /** Digest of (`iss`, `jti`), or of (`iss`, signing input) when the token has no `jti`. */
  readonly key: Digest;
  /** How many uses the issuer's registration permits; undefined: any number (`reusable`). */
  readonly usesMax: number | undefined;
  readonly environment: string;
  readonly exchangeId: string;
  readonly familyId: string;
  /** When the record may be forgotten: the token's expiry plus the clock skew. */
  readonly expiresAt: Date;
}

/** What is known of the uses of one subject token. */
export interface SubjectTokenHistory {
  readonly uses: number;
  readonly environment: string;
  readonly firstExchangeId: string;
  /** The family of the first use; later uses of the same token join it. */
  readonly familyId: string;
}

/** The memory against replay. Uses are written by HandleStore.issue, with the handle; this is the look-up before. */
export abstract class SubjectTokenUses {
  /** @throws DependencyUnavailable */
  abstract find(key: Digest): Promise<SubjectTokenHistory | undefined>;

  /** Forgets uses whose token expired before `now`; resolves to how many. */
  abstract purge(now: Date): Promise<number>;
}
