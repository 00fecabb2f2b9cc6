import { type PosternEvent } from '#events';
import { RevocationStates } from '#handles';
import { append } from './change-page.js';
import { type PostgresDatabase } from './postgres-database.js';

const CLEAR_PAGE = 500;

/** In PostgreSQL. Needs the role postern_control. */
export class PostgresRevocationStates extends RevocationStates {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async clear(
    expiredBefore: Date,
    eventOf: (target: string) => PosternEvent,
  ): Promise<number> {
    let cleared = 0;
    for (;;) {
      const page = await this.#clearPage(expiredBefore, eventOf);
      cleared += page;
      if (page < CLEAR_PAGE) return cleared;
    }
  }

  #clearPage(expiredBefore: Date, eventOf: (target: string) => PosternEvent): Promise<number> {
    return this.database.transaction(async (connection) => {
      const rows = await connection.query<{ target: string }>(
        `select target from public.revocation_state as known
         where until < $1 and not exists (select from public.suspension where target = known.target)
         order by target limit ${CLEAR_PAGE} for update skip locked`,
        [expiredBefore],
      );
      const targets = rows.map(({ target }) => target);
      await append(connection, targets.map(eventOf));
      await connection.query('delete from public.revocation_state where target = any($1)', [
        targets,
      ]);
      return targets.length;
    });
  }
}
