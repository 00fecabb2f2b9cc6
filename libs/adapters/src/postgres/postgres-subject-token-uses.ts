import { type SubjectTokenHistory, SubjectTokenUses } from '#handles';
import { type Digest } from '#kernel';
import { GroupCommit } from './group-commit.js';
import { type PostgresDatabase } from './postgres-database.js';

const PURGE_PAGE = 5_000;
const FIND_LIMITS = { batchItemsMax: 128, waitingItemsMax: 10_000, lanes: 2 };

const FIND_USES = `select encode(key, 'hex') as key, uses, environment, first_exchange_id as "firstExchangeId",
    family_id as "familyId"
  from public.subject_token_use where key in (select decode(one, 'hex') from unnest($1::text[]) as one)`;

/** The memory against replay, in PostgreSQL. Needs the role postern_sts. */
export class PostgresSubjectTokenUses extends SubjectTokenUses {
  private readonly finds: GroupCommit<Digest, SubjectTokenHistory | undefined>;

  constructor(private readonly database: PostgresDatabase) {
    super();
    this.finds = new GroupCommit((keys) => this.findAll(keys), FIND_LIMITS);
  }

  /** Many at once share a round trip. */
  override find(key: Digest): Promise<SubjectTokenHistory | undefined> {
    return this.finds.submit(key);
  }

  override async purge(now: Date): Promise<number> {
    let forgotten = 0;
    for (;;) {
      const page = await this.database.query(
        `delete from public.subject_token_use where key in (
           select key from public.subject_token_use where expires_at < $1
           limit ${PURGE_PAGE} for update skip locked)
         returning 1`,
        [now],
      );
      forgotten += page.length;
      if (page.length < PURGE_PAGE) return forgotten;
    }
  }

  private async findAll(keys: readonly Digest[]): Promise<(SubjectTokenHistory | undefined)[]> {
    const rows = await this.database.query<SubjectTokenHistory & { readonly key: string }>(
      FIND_USES,
      [keys],
      { name: 'find-subject-token-uses' },
    );
    const known = new Map(rows.map(({ key, ...history }) => [key, history]));
    return keys.map((key) => known.get(key));
  }
}
