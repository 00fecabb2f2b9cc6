import { type SecretRef } from '#credentials';
import { randomId } from '#kernel';
import { type LoginAllowance, LoginBudget, type ProbeResult, type Reservation } from '#rotation';
import { type PostgresDatabase } from './postgres-database.js';

const RESERVE = `
  select public.reserve_login($1, $2, $3, $4, make_interval(secs => $5::float8)) as until`;

/**
 * The budget of failing logins, in PostgreSQL, by its clock: of any span of the allowance's length. A login that was
 * reserved and not settled counts from 30 seconds later on. Needs the role postern_rotator.
 */
export class PostgresLoginBudget extends LoginBudget {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async reserve(
    { mount, path }: SecretRef,
    { failuresMax, perSeconds }: LoginAllowance,
  ): Promise<Reservation> {
    const id = randomId('login');
    const [row] = await this.database.query<{ until: Date | null }>(
      RESERVE,
      [mount, path, id, failuresMax, perSeconds],
      { name: 'reserve-login' },
    );
    const until = row?.until ?? undefined;
    return until === undefined ? { kind: 'reserved', id } : { kind: 'spent', until };
  }

  override async settle(_ref: SecretRef, id: string, result: ProbeResult): Promise<void> {
    await this.database.query(
      result === 'fail'
        ? 'update public.login_attempt set fails_at = least(fails_at, clock_timestamp()) where id = $1'
        : 'delete from public.login_attempt where id = $1',
      [id],
    );
  }
}
