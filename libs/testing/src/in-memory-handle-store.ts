import {
  type Handle,
  type HandleFilter,
  type HandleIssue,
  type HandleOrigin,
  type HandleRevocation,
  type HandleSelector,
  HandleStore,
  type IssueOutcome,
  type SubjectTokenHistory,
  type SubjectTokenUse,
  SubjectTokenUses,
} from '#handles';
import { subjectIdOf } from '#identity';
import { DependencyUnavailable, type Digest } from '#kernel';
import { InMemoryEventJournal } from './in-memory-event-journal.js';

const LIST_LIMIT_MAX = 500;

type Use = SubjectTokenHistory & { readonly expiresAt: Date };

type Named<S extends HandleSelector['scope']> = Extract<HandleSelector, { readonly scope: S }>;

const NAMES: {
  readonly [S in HandleSelector['scope']]: (handle: Handle, selector: Named<S>) => boolean;
} = {
  handle: (handle, { id }) => handle.id === id,
  family: ({ familyId }, { id }) => familyId === id,
  subject: ({ subject, actors }, { id }) =>
    subject.id === id || actors.map(subjectIdOf).includes(id),
  issuer: ({ subject }, { id }) => subject.issuer === id,
  grant: ({ grant }, { id, exceptDigest }) => grant.id === id && grant.digest !== exceptDigest,
  key: ({ subjectTokenKeyId, subject }, { id, issuer }) =>
    subjectTokenKeyId === id && subject.issuer === issuer,
  task: ({ task, subject }, { id, subjectId }) => task === id && subject.id === subjectId,
  resource: ({ resource }, { id }) => resource === id,
};

const isNamed = <S extends HandleSelector['scope']>(handle: Handle, selector: Named<S>): boolean =>
  NAMES[selector.scope](handle, selector);

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
    if (use === undefined) return this.#issueFromParent(handle, events);
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

  override async endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    this.records.assertReachable();
    return new Set(ids.filter((id) => this.records.handles.get(id)?.status !== 'active'));
  }

  override async findById(id: string): Promise<Handle | undefined> {
    this.records.assertReachable();
    return this.records.handles.get(id);
  }

  override async revoke({ selector, at, eventOf }: HandleRevocation): Promise<readonly Handle[]> {
    this.records.assertReachable();
    const revoked = this.#withDescendants((handle) => isNamed(handle, selector))
      .filter(({ status, expiresAt }) => status !== 'revoked' && expiresAt > at)
      .map((handle): Handle => ({ ...handle, status: 'revoked' }));
    this.records.journal.record(revoked.map(eventOf));
    for (const handle of revoked) this.records.handles.set(handle.id, handle);
    return revoked;
  }

  override async origins(now: Date): Promise<readonly HandleOrigin[]> {
    this.records.assertReachable();
    const origins = [...this.records.handles.values()]
      .filter(({ status, expiresAt }) => status !== 'revoked' && expiresAt > now)
      .map(({ subject, subjectTokenKeyId, grant }): HandleOrigin => ({
        issuer: subject.issuer,
        keyId: subjectTokenKeyId,
        grantId: grant.id,
        grantDigest: grant.digest,
      }));
    return [...new Map(origins.map((origin) => [JSON.stringify(origin), origin])).values()];
  }

  override async list(filter: HandleFilter): Promise<readonly Handle[]> {
    this.records.assertReachable();
    return [...this.records.handles.values()]
      .filter((handle) => isWanted(handle, filter))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)));
  }

  #issueFromParent(handle: Handle, events: HandleIssue['events']): IssueOutcome {
    const parent = this.records.handles.get(handle.parentId ?? '');
    if (parent === undefined || !hasRoomFor(parent, handle)) return 'orphaned';
    this.#assertNew(handle);
    this.records.journal.record(events);
    const callsUsed = parent.callsUsed + handle.maxCalls;
    this.records.handles.set(parent.id, { ...parent, callsUsed });
    this.records.handles.set(handle.id, handle);
    return 'issued';
  }

  #withDescendants(isWanted: (handle: Handle) => boolean): readonly Handle[] {
    const all = [...this.records.handles.values()];
    const found = new Set(all.filter(isWanted));
    for (const one of found) {
      for (const child of all) if (child.parentId === one.id) found.add(child);
    }
    return [...found];
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

const hasRoomFor = (parent: Handle, child: Handle): boolean =>
  parent.status === 'active' &&
  parent.expiresAt > child.issuedAt &&
  parent.expiresAt >= child.expiresAt &&
  parent.callsUsed + child.maxCalls <= parent.maxCalls;

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
