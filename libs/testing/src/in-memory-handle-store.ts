import {
  type Handle,
  type HandleFilter,
  type HandleIssue,
  type HandleRevocation,
  type HandleSelector,
  HandleStore,
  type IssueOutcome,
  type SubjectTokenHistory,
  type SubjectTokenUse,
  SubjectTokenUses,
} from '#handles';
import { DependencyUnavailable, type Digest } from '#kernel';
import { InMemoryEventJournal } from './in-memory-event-journal.js';

const LIST_LIMIT_MAX = 500;

type Use = SubjectTokenHistory & { readonly expiresAt: Date };

const ID_OF: Readonly<Record<HandleSelector['scope'], (handle: Handle) => string>> = {
  handle: ({ id }) => id,
  family: ({ familyId }) => familyId,
  subject: ({ subject }) => subject.id,
  issuer: ({ subject }) => subject.issuer,
  grant: ({ grant }) => grant.id,
  resource: ({ resource }) => resource,
};

/** What handles and the uses of subject tokens share: one storage, one journal, one outage. */
export class InMemoryHandleRecords {
  readonly handles = new Map<string, Handle>();
  readonly uses = new Map<Digest, Use>();
  #reachable = true;

  constructor(readonly journal: InMemoryEventJournal = new InMemoryEventJournal()) {}

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  assertReachable(): void {
    if (!this.#reachable) {
      throw new DependencyUnavailable('handles', 'the handle store is told to be away');
    }
  }
}

/** Handles in memory. Each write runs without a pause, so that of many at once one is the first. */
export class InMemoryHandleStore extends HandleStore {
  /** Digests that were looked up, in order. */
  readonly lookedUp: Digest[] = [];

  constructor(readonly records = new InMemoryHandleRecords()) {
    super();
  }

  override async issue({ handle, use, events }: HandleIssue): Promise<IssueOutcome> {
    this.records.assertReachable();
    const known = this.records.uses.get(use.key);
    if (known !== undefined && known.uses >= (use.usesMax ?? Number.POSITIVE_INFINITY)) {
      return 'spent';
    }
    this.#assertNew(handle);
    this.records.journal.record(events);
    this.records.uses.set(use.key, used(known, use));
    this.records.handles.set(handle.id, handle);
    return 'issued';
  }

  override async findByDigest(digest: Digest): Promise<Handle | undefined> {
    this.lookedUp.push(digest);
    this.records.assertReachable();
    return [...this.records.handles.values()].find((handle) => handle.digest === digest);
  }

  override async findById(id: string): Promise<Handle | undefined> {
    this.records.assertReachable();
    return this.records.handles.get(id);
  }

  override async revoke({ selector, at, eventOf }: HandleRevocation): Promise<readonly Handle[]> {
    this.records.assertReachable();
    const revoked = [...this.records.handles.values()]
      .filter((handle) => ID_OF[selector.scope](handle) === selector.id)
      .filter(({ status, expiresAt }) => status !== 'revoked' && expiresAt > at)
      .map((handle): Handle => ({ ...handle, status: 'revoked' }));
    this.records.journal.record(revoked.map(eventOf));
    for (const handle of revoked) this.records.handles.set(handle.id, handle);
    return revoked;
  }

  override async list(filter: HandleFilter): Promise<readonly Handle[]> {
    this.records.assertReachable();
    return [...this.records.handles.values()]
      .filter((handle) => isWanted(handle, filter))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)));
  }

  #assertNew({ id, digest }: Handle): void {
    const taken = [...this.records.handles.values()].some(
      (handle) => handle.id === id || handle.digest === digest,
    );
    if (taken) throw new Error('a handle with that id or digest is stored already');
  }
}

/** The memory against replay, on the records of a handle store. */
export class InMemorySubjectTokenUses extends SubjectTokenUses {
  constructor(private readonly records: InMemoryHandleRecords) {
    super();
  }

  override async find(key: Digest): Promise<SubjectTokenHistory | undefined> {
    this.records.assertReachable();
    const use = this.records.uses.get(key);
    if (use === undefined) return undefined;
    const { uses, environment, firstExchangeId, familyId } = use;
    return { uses, environment, firstExchangeId, familyId };
  }

  override async purge(now: Date): Promise<number> {
    this.records.assertReachable();
    const expired = [...this.records.uses].filter(([, { expiresAt }]) => expiresAt < now);
    for (const [key] of expired) this.records.uses.delete(key);
    return expired.length;
  }
}

const used = (known: Use | undefined, use: SubjectTokenUse): Use =>
  known === undefined
    ? {
        uses: 1,
        environment: use.environment,
        firstExchangeId: use.exchangeId,
        familyId: use.familyId,
        expiresAt: use.expiresAt,
      }
    : { ...known, uses: known.uses + 1 };

function isWanted(handle: Handle, filter: HandleFilter): boolean {
  const { resource, subjectId, familyId, status, after } = filter;
  return (
    (resource === undefined || handle.resource === resource) &&
    (subjectId === undefined || handle.subject.id === subjectId) &&
    (familyId === undefined || handle.familyId === familyId) &&
    (status === undefined || handle.status === status) &&
    (after === undefined || handle.id > after)
  );
}
