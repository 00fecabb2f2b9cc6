import { type AskedDryRun, DryRunRequests, type RuleId, type TriedRule } from '#detection';
import { type PostgresDatabase } from './postgres-database.js';

/** Requests for dry runs in PostgreSQL. To ask and to see the last needs postern_control, for the rest postern_sentinel. */
export class PostgresDryRunRequests extends DryRunRequests {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async ask({ rule, operatorId }: AskedDryRun): Promise<void> {
    await this.database.query(
      `insert into public.dry_run_request (rule, operator_id, asked_at)
       values ($1, left($2, 512), clock_timestamp()) on conflict (rule) do nothing`,
      [rule, operatorId],
    );
  }

  override waiting(): Promise<readonly AskedDryRun[]> {
    return this.database.query<AskedDryRun>(
      `select rule, operator_id as "operatorId" from public.dry_run_request order by asked_at`,
    );
  }

  override async done(rule: RuleId): Promise<void> {
    await this.database.query('delete from public.dry_run_request where rule = $1', [rule]);
  }

  override last(): Promise<readonly TriedRule[]> {
    return this.database.query<TriedRule>(
      `select distinct on (rule) rule, at, found, by from public.rule_dry_run order by rule, at desc`,
    );
  }
}
