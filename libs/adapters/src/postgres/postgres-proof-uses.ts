import { ProofUses } from '#handles';
import { type Digest } from '#kernel';
import { GroupCommit } from './group-commit.js';
import { type PostgresDatabase } from './postgres-database.js';
import { purgeExpired } from './purge-expired.js';

interface ProofUse {
  readonly key: Digest;
  readonly until: Date;
}

type Outcome = 'first' | 'again';

const LIMITS = { batchItemsMax: 256, waitingItemsMax: 10_000, lanes: 2 };

// Keys are inserted in sorted order, so that two batches never wait for each other in a circle.
const USE_PROOFS = `
  insert into public.proof_use (key, expires_at)
  select decode(hex, 'hex'), until from unnest($1::text[], $2::timestamptz[]) as asked(hex, until) order by hex
  on conflict (key) do nothing
  returning encode(key, 'hex') as key`;

/**
 * The memory against replay of DPoP proofs, in PostgreSQL. Needs the role postern_sts, postern_proxy or
 * postern_control. Many uses at once share a transaction; two uses of one proof never do.
 */
export class PostgresProofUses extends ProofUses {
  private readonly commits: GroupCommit<ProofUse, Outcome>;

  constructor(private readonly database: PostgresDatabase) {
    super();
    this.commits = new GroupCommit((uses) => this.commit(uses), {
      ...LIMITS,
      apart: ({ key }) => key,
    });
  }

  override use(key: Digest, until: Date): Promise<Outcome> {
    return this.commits.submit({ key, until });
  }

  override async isUsed(key: Digest): Promise<boolean> {
    const rows = await this.database.query(
      `select 1 from public.proof_use where key = decode($1, 'hex')`,
      [key],
    );
    return rows.length > 0;
  }

  override purge(now: Date): Promise<number> {
    return purgeExpired(this.database, 'proof_use', now);
  }

  private async commit(uses: readonly ProofUse[]): Promise<readonly Outcome[]> {
    const rows = await this.database.query<{ key: string }>(
      USE_PROOFS,
      [uses.map(({ key }) => key), uses.map(({ until }) => until.toISOString())],
      { name: 'use-proofs' },
    );
    const first = new Set(rows.map(({ key }) => key));
    return uses.map(({ key }) => (first.has(key) ? 'first' : 'again'));
  }
}
