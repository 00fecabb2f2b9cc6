import {
  type Handle,
  type HandleChange,
  type HandleChangeOutcome,
  type HandleFilter,
  type HandleIssue,
  type HandleOrigin,
  HandleStore,
  type IssueOutcome,
} from '#handles';
import { type Digest } from '#kernel';
import { changePage } from './change-page.js';
import { GroupCommit } from './group-commit.js';
import { HANDLE_COLUMNS, handleFrom } from './handle-row.js';
import { type HandleEntity } from './handle.entity.js';
import { issueFromParent } from './issue-from-parent.js';
import {
  ISSUE_HANDLES,
  type IssueRow,
  issueParameters,
  type TokenIssue,
} from './issue-statement.js';
import { eventFailure } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

const ISSUE_LIMITS = {
  batchItemsMax: 64,
  waitingItemsMax: 10_000,
  lanes: 2,
};
const FIND_BY_DIGEST = `select ${HANDLE_COLUMNS} from public.handle where digest = decode($1, 'hex')`;
const ENDED_AMONG = `
  select asked.id from unnest($1::text[]) as asked(id) left join public.handle using (id)
  where handle.status is distinct from 'active'`;

/** Handles in PostgreSQL. Needs the role postern_sts; the look-ups alone also do with postern_proxy. */
export class PostgresHandleStore extends HandleStore {
  private readonly issues: GroupCommit<TokenIssue, IssueOutcome>;

  constructor(private readonly database: PostgresDatabase) {
    super();
    this.issues = new GroupCommit((issues) => this.commitIssues(issues), {
      ...ISSUE_LIMITS,
      apart: ({ use }) => use.key,
    });
  }

  override async findByDigest(digest: Digest): Promise<Handle | undefined> {
    const [row] = await this.database.query<HandleEntity>(FIND_BY_DIGEST, [digest], {
      name: 'find-handle-by-digest',
    });
    return row === undefined ? undefined : handleFrom(row);
  }

  override async endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.database.query<{ id: string }>(ENDED_AMONG, [ids], {
      name: 'find-ended-handles',
    });
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Many at once share a transaction; issues of one subject token never do.
   * @throws EventTooLarge, and DependencyUnavailable
   */
  override issue({ handle, use, events }: HandleIssue): Promise<IssueOutcome> {
    if (use !== undefined) return this.issues.submit({ handle, use, events });
    return this.database
      .transaction((connection) => issueFromParent(connection, handle, events))
      .catch(rethrowNamed);
  }

  override async findById(id: string): Promise<Handle | undefined> {
    const { handleById } = await import('./handle-repository.js');
    const row = await handleById(this.database, id);
    return row === null ? undefined : handleFrom(row);
  }

  /** In transactions of at most 1,000 handles each, and their descendants. */
  override async change(change: HandleChange): Promise<HandleChangeOutcome> {
    const changed: Handle[] = [];
    for (let after = ''; ;) {
      const progress = { changed, after };
      const page = await this.database
        .transaction((connection) => changePage(connection, change, progress))
        .catch(rethrowNamed);
      if (page.kind === 'repeated') return page;
      changed.push(...page.handles);
      if (page.next === undefined) return { kind: 'changed', handles: changed };
      after = page.next;
    }
  }

  override async origins(now: Date): Promise<readonly HandleOrigin[]> {
    const rows = await this.database.query<Omit<HandleOrigin, 'keyId'> & { keyId: string | null }>(
      `select distinct subject_issuer as issuer, subject_token_key_id as "keyId", grant_id as "grantId",
         grant_digest as "grantDigest"
       from public.handle where status <> 'revoked' and expires_at > $1`,
      [now],
    );
    return rows.map((row) => ({ ...row, keyId: row.keyId ?? undefined }));
  }

  override async list(filter: HandleFilter): Promise<readonly Handle[]> {
    const { handlesOf } = await import('./handle-repository.js');
    const rows = await handlesOf(this.database, filter);
    return rows.map(handleFrom);
  }

  private async commitIssues(issues: readonly TokenIssue[]): Promise<readonly IssueOutcome[]> {
    const rows = await this.database
      .query<IssueRow>(ISSUE_HANDLES, issueParameters(issues), { name: 'issue-handles' })
      .catch(rethrowNamed);
    const outcomes = new Map(rows.map(({ place, outcome }) => [place, outcome]));
    return issues.map((_, place) => outcomes.get(place) ?? 'spent');
  }
}

function rethrowNamed(error: unknown): never {
  throw eventFailure(error);
}
