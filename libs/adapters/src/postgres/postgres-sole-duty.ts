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
  /** What was asked and is not answered yet: who asks meanwhile gets the same answer, and the process has one session. */
  private asked: Promise<boolean> | undefined;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly name: string,
  ) {
    super();
  }

  override isOurs(): Promise<boolean> {
    this.asked ??= this.ask().finally(() => {
      this.asked = undefined;
    });
    return this.asked;
  }

  override async close(): Promise<void> {
    await this.asked?.catch(() => undefined);
    await this.end();
  }

  private async ask(): Promise<boolean> {
    if (this.session?.isOpen !== true) await this.begin();
    if (this.has) return true;
    const rows = await this.session?.query<{ locked: boolean }>(
      'select pg_try_advisory_lock($1, hashtext($2)) as locked',
      [DUTY_LOCKS, this.name],
    );
    this.has = rows?.[0]?.locked === true;
    return this.has;
  }

  private async begin(): Promise<void> {
    await this.end();
    this.session = await this.database.dedicated();
  }

  private async end(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    this.has = false;
    await session?.close().catch(() => undefined);
  }
}
