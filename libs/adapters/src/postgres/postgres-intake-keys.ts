import { type IntakeKey, IntakeKeys } from '#rotation';
import { type PostgresDatabase } from './postgres-database.js';

const PUBLISH = `
  insert into public.rotation_intake_key (kid, jwk) values ($1, $2::jsonb)
  on conflict (kid) do update set created_at = clock_timestamp()`;

/**
 * Public halves of the rotators' intake keys, in PostgreSQL, which takes no private half. Needs the role postern_rotator;
 * to read them postern_control does.
 */
export class PostgresIntakeKeys extends IntakeKeys {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async publish({ kid, jwk }: IntakeKey): Promise<void> {
    await this.database.query(PUBLISH, [kid, JSON.stringify(jwk)]);
  }

  override async current(): Promise<IntakeKey | undefined> {
    const [row] = await this.database.query<IntakeKey>(
      'select kid, jwk from public.rotation_intake_key order by created_at desc limit 1',
    );
    return row;
  }
}
