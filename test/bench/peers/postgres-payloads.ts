import type pg from 'pg';

/** What oidc-provider hands over to be kept; it alone knows what is in it. */
type Payload = Readonly<Record<string, unknown>> & {
  readonly grantId?: string;
  readonly userCode?: string;
  readonly uid?: string;
};

const CREATE = `
  create schema if not exists yardstick;
  create table if not exists yardstick.payload (
    model text not null,
    id text not null,
    payload jsonb not null,
    grant_id text,
    user_code text,
    uid text,
    expires_at timestamptz,
    consumed_at timestamptz,
    primary key (model, id)
  );
  create index if not exists payload_grant on yardstick.payload (grant_id) where grant_id is not null;
  create index if not exists payload_user_code on yardstick.payload (user_code) where user_code is not null;
  create index if not exists payload_uid on yardstick.payload (uid) where uid is not null;`;

const UPSERT = `
  insert into yardstick.payload (model, id, payload, grant_id, user_code, uid, expires_at)
  values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
  on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
    user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`;

const FIND = `
  select payload, extract(epoch from consumed_at)::integer as consumed from yardstick.payload
  where model = $1 and (expires_at is null or expires_at > now())`;

/**
 * The Adapter of oidc-provider for one of its models, in one table for all. Each write is a transaction of its own, and
 * durable when it resolves; statements are prepared, as Postern's are.
 */
export class PostgresPayloads {
  constructor(
    private readonly pool: pg.Pool,
    private readonly model: string,
  ) {}

  static async prepare(pool: pg.Pool): Promise<void> {
    await pool.query(CREATE);
  }

  /** Without `expiresIn`, in seconds, it never expires. */
  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    const { grantId = null, userCode = null, uid = null } = payload;
    const values = [this.model, id, JSON.stringify(payload), grantId, userCode, uid];
    await this.pool.query({
      name: 'upsert',
      text: UPSERT,
      values: [...values, expiresIn ?? null],
    });
  }

  async find(id: string): Promise<Payload | undefined> {
    return this.first('find', `${FIND} and id = $2`, id);
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.first('find-by-user-code', `${FIND} and user_code = $2`, userCode);
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return this.first('find-by-uid', `${FIND} and uid = $2`, uid);
  }

  async consume(id: string): Promise<void> {
    await this.pool.query({
      name: 'consume',
      text: 'update yardstick.payload set consumed_at = now() where model = $1 and id = $2',
      values: [this.model, id],
    });
  }

  async destroy(id: string): Promise<void> {
    await this.pool.query({
      name: 'destroy',
      text: 'delete from yardstick.payload where model = $1 and id = $2',
      values: [this.model, id],
    });
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.pool.query({
      name: 'revoke-by-grant-id',
      text: 'delete from yardstick.payload where grant_id = $1',
      values: [grantId],
    });
  }

  private async first(name: string, text: string, value: string): Promise<Payload | undefined> {
    const { rows } = await this.pool.query<{ payload: Payload; consumed: number | null }>({
      name,
      text,
      values: [this.model, value],
    });
    const [row] = rows;
    if (row === undefined) return undefined;
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed };
  }
}
