import { SoleDuty } from '#detection';
import { type PostgresDatabase } from './postgres-database.js';
import { type PostgresSession } from './postgres-connection.js';

/** First half of the advisory locks of duties; the second is the hash of the name. It spells "podu". */
const DUTY_LOCKS = 1_886_349_429;

/**
 * A duty of one of all processes that work on one database: who asked first has it until its session ends. With the
 * session of a process that was killed its duty goes to the next one that asks.
 */
export class PostgresSoleDuty extends SoleDuty {
  private session: PostgresSession | undefined;
  private has = false;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly name: string,
  ) {
    super();
  }

  override async isOurs(): Promise<boolean> {
    if (this.session?.isOpen !== true) await this.begin();
    if (this.has) return true;
    const rows = await this.session?.query<{ locked: boolean }>(
      'select pg_try_advisory_lock($1, hashtext($2)) as locked',
      [DUTY_LOCKS, this.name],
    );
    this.has = rows?.[0]?.locked === true;
    return this.has;
  }

  override async close(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    this.has = false;
    await session?.close().catch(() => undefined);
  }

  private async begin(): Promise<void> {
    await this.close();
    this.session = await this.database.dedicated();
  }
}
