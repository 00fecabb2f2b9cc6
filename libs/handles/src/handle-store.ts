import { type Digest } from '#kernel';
import { type PosternEvent } from '#events';
import { type Handle } from './handle.js';
import { type SubjectTokenUse } from './subject-token-uses.js';

/** A new handle with everything that must become true together with it. */
export interface HandleIssue {
  readonly handle: Handle;
  /** Undefined when a handle was the subject token: what counts then is that the parent lives, and its calls. */
  readonly use: SubjectTokenUse | undefined;
  readonly events: readonly PosternEvent[];
}

/**
 * `spent`: the subject token had no use left; `orphaned`: the parent is not live, or has fewer calls left than the new
 * handle wants. Nothing was written.
 */
export type IssueOutcome = 'issued' | 'spent' | 'orphaned';

/** Which handles a revocation is for. */
export type HandleSelector =
  | { readonly scope: 'handle'; readonly id: string }
  | { readonly scope: 'family'; readonly id: string }
  | { readonly scope: 'subject'; readonly id: string }
  | { readonly scope: 'issuer'; readonly id: string }
  /** `exceptDigest`: handles of the grant as it is now are spared. */
  | { readonly scope: 'grant'; readonly id: string; readonly exceptDigest?: string }
  /** Of tokens signed by one key of one issuer. */
  | { readonly scope: 'key'; readonly id: string; readonly issuer: string }
  /** A task of one workload, by its `subject_id`. */
  | { readonly scope: 'task'; readonly id: string; readonly subjectId: string }
  | { readonly scope: 'resource'; readonly id: string };

export interface HandleRevocation {
  readonly selector: HandleSelector;
  readonly at: Date;
  /** The event of one handle that this revokes. */
  readonly eventOf: (handle: Handle) => PosternEvent;
}

/** What live handles rest on: when it ends, they must. */
export interface HandleOrigin {
  readonly issuer: string;
  readonly keyId: string | undefined;
  readonly grantId: string;
  readonly grantDigest: string;
}

export interface HandleFilter {
  readonly resource?: string;
  readonly subjectId?: string;
  readonly familyId?: string;
  readonly status?: Handle['status'];
  /** Handles whose id sorts after this one. */
  readonly after?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** Looks handles up, and no more: what the call path needs. */
export abstract class HandleLookup {
  /**
   * Resolves to undefined when no handle has that digest.
   * @throws DependencyUnavailable
   */
  abstract findByDigest(digest: Digest): Promise<Handle | undefined>;

  /**
   * Of the handles with these ids those that may make no call any more, whatever their time: they are revoked, suspended
   * or not there. Never from a memory. At most 10,000 ids.
   * @throws DependencyUnavailable
   */
  abstract endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Where handles live. A write and its events take effect together or not at all. */
export abstract class HandleStore extends HandleLookup {
  /**
   * Stores the handle, counts the use of its subject token and appends the events in one transaction. Of many at
   * once for a token with one use left, exactly one is `issued`. The calls of a handle with a parent are taken from
   * the parent's: all handles of a family together make no more calls than the first may.
   * @throws DependencyUnavailable
   */
  abstract issue(issue: HandleIssue): Promise<IssueOutcome>;

  abstract findById(id: string): Promise<Handle | undefined>;

  /**
   * Revokes what the selector names and is not yet revoked or expired, for ever, with all that descends from it, and
   * resolves to those handles as they are now, each with its event. A subject is also one that only acts. Again with
   * the same selector: resolves to none, writes nothing.
   */
  abstract revoke(revocation: HandleRevocation): Promise<readonly Handle[]>;

  /** What the handles that are live at `now` rest on, each combination once. */
  abstract origins(now: Date): Promise<readonly HandleOrigin[]>;

  /** Ordered by id. */
  abstract list(filter: HandleFilter): Promise<readonly Handle[]>;
}
