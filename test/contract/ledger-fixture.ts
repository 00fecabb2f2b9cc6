import { PostgresCallLedger, PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { type Handle } from '#handles';
import { type StartOutcome } from '#injection';
import { type PostgresMajor, type TestDatabase, testPostgres } from '#test-support';
import { aCall, anIssue, aStoredHandle } from './handle-records.js';

/** A migrated database, and ledgers on it, each as in a process of its own. */
export class LedgerFixture {
  /** What the ledgers complained of. */
  problems: string[] = [];
  private readonly closing: (() => Promise<void>)[] = [];

  private constructor(
    readonly server: TestDatabase,
    readonly store: PostgresHandleStore,
  ) {}

  static async open(major: PostgresMajor): Promise<LedgerFixture> {
    const server = (await testPostgres(major))!;
    return new LedgerFixture(server, new PostgresHandleStore(server.database));
  }

  /** With the rights of the proxy, and no others. */
  async ledger(applicationName = 'proxy'): Promise<PostgresCallLedger> {
    const url = await this.server.urlAs('postern_proxy');
    const database = await PostgresDatabase.connect({ url, applicationName, poolSize: 4 });
    const ledger = new PostgresCallLedger(database, {
      onProblem: (message) => this.problems.push(message),
    });
    this.closing.push(async () => {
      await ledger.close();
      await database.close();
    });
    return ledger;
  }

  async issued(overrides: Partial<Handle> = {}): Promise<Handle> {
    const handle = aStoredHandle(overrides);
    await this.store.issue(anIssue(handle));
    return handle;
  }

  async usedOf(handle: Handle): Promise<number> {
    return (await this.store.findById(handle.id))!.callsUsed;
  }

  /** The outcomes of the completed events of a handle, in order. */
  async completions(handle: Handle): Promise<string[]> {
    const rows = await this.server.database.query<{ outcome: string }>(
      `select payload #>> '{data,outcome}' as outcome from outbox
       where aggregateid = $1 and type like '%completed%' order by seq`,
      [handle.id],
    );
    return rows.map(({ outcome }) => outcome);
  }

  /** The ids of the events of first uses of a handle, in order. */
  async firstUses(handle: Handle): Promise<string[]> {
    const rows = await this.server.database.query<{ id: string }>(
      `select id from outbox where aggregateid = $1 and type like '%first_used%' order by seq`,
      [handle.id],
    );
    return rows.map(({ id }) => id);
  }

  async unfinished(): Promise<number> {
    return (await this.server.database.query('select 1 from call where finished_at is null'))
      .length;
  }

  startMany(
    ledgers: readonly PostgresCallLedger[],
    handles: readonly Handle[],
    total: number,
  ): Promise<StartOutcome[]> {
    return Promise.all(
      Array.from({ length: total }, (_, n) =>
        ledgers[n % ledgers.length]!.start(aCall(handles[n % handles.length]!.id)),
      ),
    );
  }

  /** Ends the sessions of a ledger from outside, whatever they are doing. */
  async cut(applicationName: string): Promise<void> {
    await this.server.database.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      [applicationName],
    );
  }

  async reset(): Promise<void> {
    this.problems = [];
    await this.server.empty('handle', 'subject_token_use', 'call', 'outbox', 'event_sequence');
  }

  async closeLedgers(): Promise<void> {
    await Promise.all(this.closing.splice(0).map((close) => close()));
  }
}
