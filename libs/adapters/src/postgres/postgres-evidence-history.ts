import {
  EvidenceHistory,
  type GapSpan,
  SEEN_MAX,
  type SeenClient,
  type SeenDenial,
  type SeenExchange,
  type SeenGap,
  type SeenReplay,
  type SeenRevocation,
} from '#detection';
import { type PostgresDatabase } from './postgres-database.js';

interface ClientRow {
  readonly client_ip: string | null;
  readonly zone_name: string | null;
  readonly agent: string | null;
}

interface PlaceRow extends ClientRow {
  readonly event_id: string;
  readonly at: Date;
  readonly env: string;
  readonly deployment: string;
}

interface ExchangeRow extends PlaceRow {
  readonly exchange_id: string;
  readonly subject_id: string;
  readonly family_id: string;
  readonly handle_id: string;
  readonly parent_handle_id: string | null;
  readonly grant_id: string;
  readonly resource: string;
  readonly token_fp: string | null;
  readonly token_issued_at: Date;
  readonly handle_expires_at: Date;
}

interface DenialRow extends PlaceRow {
  readonly recorded_at: Date;
  readonly handle_id: string;
  readonly reason: SeenDenial['reason'];
  readonly resource: string | null;
  readonly occurrences: number;
}

interface ReplayRow extends PlaceRow {
  readonly reason: SeenReplay['reason'];
  readonly exchange_id: string;
  readonly prior_exchange_id: string;
  readonly subject_id: string;
}

const PLACE = 'event_id, at, env, deployment, client_ip, zone_name, agent';

const exchangesBy = (column: string): string => `
  select ${PLACE}, exchange_id, subject_id, family_id, handle_id, parent_handle_id, grant_id, resource, token_fp,
    token_issued_at, handle_expires_at
  from public.evidence_exchange where outcome = 'permitted' and ${column} = any($1::text[]) order by at, event_id`;

const REVOCATIONS = `
  select event_id, at, recorded_at, handle_id, family_id, reason, initiator
  from public.evidence_change where change = 'revoked' and handle_id = any($1::text[]) order by at, event_id`;

// Of each handle along its index, so that one that is tried for hours costs no more than others.
const DENIALS = `
  select ${PLACE}, recorded_at, handle_id, reason, resource, occurrences
  from (select distinct id from unnest($1::text[]) as listed(id)) as asked
  cross join lateral (
    select * from public.evidence_use
    where handle_id = asked.id and outcome = 'denied' and reason in ('revoked', 'expired')
    order by at, event_id limit $2
  ) as denial
  order by at, event_id`;

const REPLAYS = `
  select ${PLACE}, reason, exchange_id, prior_exchange_id, subject_id
  from (select distinct id from unnest($1::text[]) as listed(id)) as asked
  cross join lateral (
    select * from public.evidence_exchange
    where prior_exchange_id = asked.id and reason in ('replayed', 'cross_env_replay')
      and exchange_id is not null and subject_id is not null
    order by at, event_id limit $2
  ) as replay
  order by at, event_id`;

// The counter of a key that came without a gap is not among the open ones: only the events of the others are looked at.
const GAPS = `
  with numbered as (
    select open.deployment, open.partition_key, event.event_id, event.at, event.env, event.kept_at, event.sequence,
      lag(event.sequence) over (
        partition by open.deployment, open.partition_key order by event.sequence, event.at, event.event_id) as before
    from public.evidence_counter as open
    cross join lateral (
      select event_id, at, env, deployment, partition_key, kept_at, sequence
      from public.evidence_use where handle_id = open.partition_key
      union all
      select event_id, at, env, deployment, partition_key, kept_at, sequence
      from public.evidence_use where handle_id is null and partition_key = open.partition_key
      union all
      select event_id, at, env, deployment, partition_key, kept_at, sequence
      from public.evidence_change where handle_id = open.partition_key
      union all
      select event_id, at, env, deployment, partition_key, kept_at, sequence
      from public.evidence_exchange where subject_id is null and partition_key = open.partition_key
    ) as event
    where open.last_sequence - open.first_sequence + 1 <> open.kept and ($4::text is null or open.deployment = $4)
      and event.deployment = open.deployment and event.partition_key = open.partition_key
  )
  select event_id, at, env, deployment, partition_key, (sequence - before - 1)::float8 as missing
  from numbered where sequence > before + 1 and kept_at >= $1 and kept_at < $2 and ($5::text is null or env = $5)
  order by kept_at, partition_key, sequence limit $3`;

const NEWEST = `
  select max(at) as at from (
    (select at from public.evidence_exchange where at <= $1 order by at desc limit 1) union all
    (select at from public.evidence_use where at <= $1 order by at desc limit 1) union all
    (select at from public.evidence_change where at <= $1 order by at desc limit 1) union all
    (select at from public.evidence_rotation where at <= $1 order by at desc limit 1) union all
    (select max(listed_at) as at from public.standing_list where listed_at <= $1)
  ) as newest`;

const ALL_READ = `
  select least(exchange.at, use.at, change.at) as at
  from (select at from public.evidence_exchange where at <= $1 order by at desc limit 1) as exchange,
    (select at from public.evidence_use where at <= $1 order by at desc limit 1) as use,
    (select at from public.evidence_change where at <= $1 order by at desc limit 1) as change`;

/** What the evidence in PostgreSQL remembers. Needs the role postern_sentinel. */
export class PostgresEvidenceHistory extends EvidenceHistory {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async exchangesOf(familyIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return (await this.#ask<ExchangeRow>(exchangesBy('family_id'), familyIds)).map(exchangeFrom);
  }

  override async exchanges(exchangeIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return (await this.#ask<ExchangeRow>(exchangesBy('exchange_id'), exchangeIds)).map(
      exchangeFrom,
    );
  }

  override async originsOf(handleIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return (await this.#ask<ExchangeRow>(exchangesBy('handle_id'), handleIds)).map(exchangeFrom);
  }

  override async revocationsOf(handleIds: readonly string[]): Promise<readonly SeenRevocation[]> {
    interface Row {
      readonly event_id: string;
      readonly at: Date;
      readonly recorded_at: Date;
      readonly handle_id: string;
      readonly family_id: string;
      readonly reason: string | null;
      readonly initiator: SeenRevocation['initiator'];
    }
    return (await this.#ask<Row>(REVOCATIONS, handleIds)).map((row) => ({
      eventId: row.event_id,
      handleId: row.handle_id,
      familyId: row.family_id,
      at: row.at,
      recordedAt: row.recorded_at,
      reason: row.reason ?? '',
      initiator: row.initiator,
    }));
  }

  override async denialsOf(handleIds: readonly string[]): Promise<readonly SeenDenial[]> {
    return (await this.#ask<DenialRow>(DENIALS, handleIds, SEEN_MAX)).map((row) => ({
      ...placeFrom(row),
      recordedAt: row.recorded_at,
      handleId: row.handle_id,
      reason: row.reason,
      resource: row.resource ?? undefined,
      count: row.occurrences,
    }));
  }

  override async replaysOf(exchangeIds: readonly string[]): Promise<readonly SeenReplay[]> {
    return (await this.#ask<ReplayRow>(REPLAYS, exchangeIds, SEEN_MAX)).map((row) => ({
      ...placeFrom(row),
      reason: row.reason,
      exchangeId: row.exchange_id,
      priorExchangeId: row.prior_exchange_id,
      subjectId: row.subject_id,
    }));
  }

  override async gaps({ from, until, of }: GapSpan): Promise<readonly SeenGap[]> {
    const values = [from, until, SEEN_MAX, of?.deployment ?? null, of?.environment ?? null];
    const rows = await this.database.query<
      PlaceRow & { readonly partition_key: string; readonly missing: number }
    >(GAPS, values, { name: 'evidence-gaps' });
    return rows.map((row) => ({
      eventId: row.event_id,
      at: row.at,
      environment: row.env,
      deployment: row.deployment,
      partitionKey: row.partition_key,
      missing: row.missing,
    }));
  }

  override async newestAt(now: Date): Promise<Date | undefined> {
    const [row] = await this.database.query<{ readonly at: Date | null }>(NEWEST, [now], {
      name: 'newest-evidence',
    });
    return row?.at ?? undefined;
  }

  override async allReadUntil(now: Date): Promise<Date | undefined> {
    const [row] = await this.database.query<{ readonly at: Date }>(ALL_READ, [now], {
      name: 'evidence-all-read',
    });
    return row?.at;
  }

  async #ask<Row extends object>(
    text: string,
    ids: readonly string[],
    ...more: readonly number[]
  ): Promise<readonly Row[]> {
    return ids.length === 0 ? [] : this.database.query<Row>(text, [ids, ...more]);
  }
}

const exchangeFrom = (row: ExchangeRow): SeenExchange => ({
  ...placeFrom(row),
  exchangeId: row.exchange_id,
  subjectId: row.subject_id,
  familyId: row.family_id,
  handleId: row.handle_id,
  parentHandleId: row.parent_handle_id ?? undefined,
  grantId: row.grant_id,
  resource: row.resource,
  tokenFingerprint: row.token_fp ?? undefined,
  tokenIssuedAt: row.token_issued_at,
  handleExpiresAt: row.handle_expires_at,
});

const placeFrom = (
  row: PlaceRow,
): Pick<SeenDenial, 'eventId' | 'at' | 'environment' | 'deployment' | 'client'> => ({
  eventId: row.event_id,
  at: row.at,
  environment: row.env,
  deployment: row.deployment,
  client: clientFrom(row),
});

const clientFrom = ({ client_ip, zone_name, agent }: ClientRow): SeenClient => ({
  ip: client_ip ?? undefined,
  zone: zone_name ?? undefined,
  agent: agent ?? undefined,
});
