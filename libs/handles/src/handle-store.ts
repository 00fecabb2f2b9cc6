import { type Digest } from '#kernel';
import { type PosternEvent } from '#events';
import { type Handle } from './handle.js';
import {
  type HandleChange,
  type HandleChangeOutcome,
  type HandleResumption,
  type HandleRevocation,
  type HandleSuspension,
} from './handle-change.js';
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
 * handle wants; `suspended`: a suspension stands that names the new handle. Nothing was written.
 */
export type IssueOutcome = 'issued' | 'spent' | 'orphaned' | 'suspended';

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
  /** First 32 hex digits of the digest, by which a handle is told where its id is not known. */
  readonly fingerprint?: string;
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

/** What a process remembers of look-ups, so that it does not have to ask again. */
export abstract class HandleMemory {
  /**
   * Nothing that is remembered of handles that match is used any more, also of look-ups that are under way: the next is
   * asked anew. Gives the ids of those that were remembered.
   */
  abstract forget(matches: (handle: Handle) => boolean): readonly string[];
}

/** Where handles live. A write and its events take effect together or not at all. */
export abstract class HandleStore extends HandleLookup {
  /**
   * Stores the handle, counts the use of its subject token and appends the events in one transaction. Of many at
   * once for a token with one use left, exactly one is `issued`. The calls of a handle with a parent are taken from
   * the parent's: all handles of a family together make no more calls than the first may. A handle that is issued
   * while a revocation or a suspension of what names it is written is either found by that, or not issued.
   * @throws DependencyUnavailable
   */
  abstract issue(issue: HandleIssue): Promise<IssueOutcome>;

  abstract findById(id: string): Promise<Handle | undefined>;

  /**
   * Changes what the selector names and is not expired, with all that descends from it, each handle with its event, and
   * resolves to those handles as they are now. A subject is also one that only acts.
   *
   * `revoke`: what is not revoked yet, for ever. `suspend`: what is active; and the suspension stands from then on.
   * `resume`: lifts the suspension of the same selector (with `within`: only those that are bounded to these issuers),
   * and makes active what is suspended, unless another suspension names it or its parent is suspended.
   *
   * Many handles are changed in several transactions, and a failure leaves some of them: the same order takes the rest.
   * With the last of them the receipt is written. With a receipt that is there already nothing is done. Again without
   * one: resolves to no handles, writes nothing.
   * @throws DependencyUnavailable, EventTooLarge
   */
  abstract change(change: HandleChange): Promise<HandleChangeOutcome>;

  /** As `change`. */
  revoke(revocation: HandleRevocation): Promise<readonly Handle[]> {
    return this.#changed({ action: 'revoke', ...revocation });
  }

  /** As `change`. */
  suspend(suspension: HandleSuspension): Promise<readonly Handle[]> {
    return this.#changed({ action: 'suspend', ...suspension });
  }

  /** As `change`. */
  resume(resumption: HandleResumption): Promise<readonly Handle[]> {
    return this.#changed({ action: 'resume', ...resumption });
  }

  async #changed(change: HandleChange): Promise<readonly Handle[]> {
    const outcome = await this.change(change);
    return outcome.kind === 'changed' ? outcome.handles : [];
  }

  /** What the handles that are live at `now` rest on, each combination once. */
  abstract origins(now: Date): Promise<readonly HandleOrigin[]>;

  /** Ordered by id. */
  abstract list(filter: HandleFilter): Promise<readonly Handle[]>;
}
