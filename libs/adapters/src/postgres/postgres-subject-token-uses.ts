import { type SubjectTokenHistory, SubjectTokenUses } from '#handles';
import { type Digest } from '#kernel';
import { type PostgresDatabase } from './postgres-database.js';

const PURGE_PAGE = 5_000;

/** The memory against replay, in PostgreSQL. Needs the role postern_sts. */
export class PostgresSubjectTokenUses extends SubjectTokenUses {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async find(key: Digest): Promise<SubjectTokenHistory | undefined> {
    const [history] = await this.database.query<SubjectTokenHistory>(
      `select uses, environment, first_exchange_id as "firstExchangeId", family_id as "familyId"
       from public.subject_token_use where key = decode($1, 'hex')`,
      [key],
      { name: 'find-subject-token-use' },
    );
    return history;
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
}
