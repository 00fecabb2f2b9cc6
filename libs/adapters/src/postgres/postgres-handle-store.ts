import { MoreThan } from 'typeorm';
import {
  type Handle,
  type HandleFilter,
  type HandleIssue,
  type HandleRevocation,
  type HandleSelector,
  HandleStore,
  type IssueOutcome,
} from '#handles';
import { type Digest } from '#kernel';
import { GroupCommit } from './group-commit.js';
import { HANDLE_COLUMNS, handleFrom } from './handle-row.js';
import { HandleEntity } from './handle.entity.js';
import { ISSUE_HANDLES, issuesParameter } from './issue-statement.js';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const ISSUE_LIMITS = {
  batchItemsMax: 64,
  waitingItemsMax: 10_000,
  lanes: 2,
};
const LIST_LIMIT_MAX = 500;
/** Handles that one transaction revokes: it holds their locks, and calls wait for them. */
const REVOKE_PAGE = 1_000;

const SELECTOR_COLUMNS: Readonly<Record<HandleSelector['scope'], string>> = {
  handle: 'id',
  family: 'family_id',
  subject: 'subject_id',
  issuer: 'subject_issuer',
  grant: 'grant_id',
  resource: 'resource',
};

const FIND_BY_DIGEST = `select ${HANDLE_COLUMNS} from public.handle where digest = decode($1, 'hex')`;

/** Handles in PostgreSQL. Needs the role postern_sts; the look-ups alone also do with postern_proxy. */
export class PostgresHandleStore extends HandleStore {
  private readonly issues: GroupCommit<HandleIssue, IssueOutcome>;

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

  /**
   * Many at once share a transaction; issues of one subject token never do.
   * @throws EventTooLarge, and DependencyUnavailable
   */
  override issue(issue: HandleIssue): Promise<IssueOutcome> {
    return this.issues.submit(issue);
  }

  override async findById(id: string): Promise<Handle | undefined> {
    const row = await this.database.repository(HandleEntity, (handles) =>
      handles.findOneBy({ id }),
    );
    return row === null ? undefined : handleFrom(row);
  }

  /** In transactions of at most 1,000 handles each: after a failure the same selector takes the rest. */
  override async revoke(revocation: HandleRevocation): Promise<readonly Handle[]> {
    const revoked: Handle[] = [];
    for (;;) {
      const page = await this.database
        .transaction((connection) => revokePage(connection, revocation))
        .catch(rethrowNamed);
      revoked.push(...page);
      if (page.length < REVOKE_PAGE) return revoked;
    }
  }

  override async list(filter: HandleFilter): Promise<readonly Handle[]> {
    const rows = await this.database.repository(HandleEntity, (handles) =>
      handles.find({
        where: {
          ...(filter.resource === undefined ? {} : { resource: filter.resource }),
          ...(filter.subjectId === undefined ? {} : { subjectId: filter.subjectId }),
          ...(filter.familyId === undefined ? {} : { familyId: filter.familyId }),
          ...(filter.status === undefined ? {} : { status: filter.status }),
          ...(filter.after === undefined ? {} : { id: MoreThan(filter.after) }),
        },
        order: { id: 'ASC' },
        take: Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)),
      }),
    );
    return rows.map(handleFrom);
  }

  private async commitIssues(issues: readonly HandleIssue[]): Promise<readonly IssueOutcome[]> {
    const rows = await this.database
      .query<{ place: number }>(ISSUE_HANDLES, [issuesParameter(issues)], { name: 'issue-handles' })
      .catch(rethrowNamed);
    const issued = new Set(rows.map(({ place }) => place));
    return issues.map((_, place) => (issued.has(place) ? 'issued' : 'spent'));
  }
}

function rethrowNamed(error: unknown): never {
  throw eventFailure(error);
}

async function revokePage(
  connection: PostgresConnection,
  { selector, at, eventOf }: HandleRevocation,
): Promise<readonly Handle[]> {
  // In the order of their ids, as the call ledger locks them: two that lock the same handles never block each other.
  const rows = await connection.query<HandleEntity>(
    `select ${HANDLE_COLUMNS} from public.handle
     where ${SELECTOR_COLUMNS[selector.scope]} = $1 and status <> 'revoked' and expires_at > $2
     order by id limit ${REVOKE_PAGE} for update`,
    [selector.id, at],
  );
  if (rows.length === 0) return [];
  const handles = rows.map((row): Handle => ({ ...handleFrom(row), status: 'revoked' }));
  await connection.query(
    `update public.handle set status = 'revoked', revoked_at = $2 where id = any($1)`,
    [handles.map(({ id }) => id), at],
  );
  await connection.query('select public.append_events($1::jsonb)', [
    eventsParameter(handles.map(eventOf)),
  ]);
  return handles;
}
