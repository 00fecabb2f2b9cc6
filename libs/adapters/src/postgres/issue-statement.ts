import { type Handle, type HandleIssue, type SubjectTokenUse, targetsOf } from '#handles';
import { subjectIdOf } from '#identity';
import { jsonParameter, listedEvents } from './json-parameter.js';
import { bindingValueOf } from './handle-row.js';

/** Columns of `handle` that are inserted, with their types in a JSON record. */
const RECORD_COLUMNS = {
  id: 'text',
  digest: 'text',
  family_id: 'text',
  parent_id: 'text',
  chain_depth: 'smallint',
  subject_issuer: 'text',
  subject: 'text',
  subject_id: 'text',
  actors: 'jsonb',
  actor_ids: 'text[]',
  subject_token_key_id: 'text',
  grant_id: 'text',
  grant_version: 'integer',
  grant_digest: 'text',
  grant_set_digest: 'text',
  pattern: 'text',
  resource: 'text',
  environment: 'text',
  scopes: 'text[]',
  intent_method: 'text',
  intent_path: 'text',
  task: 'text',
  binding_kind: 'text',
  binding_value: 'text',
  issued_at: 'timestamptz',
  expires_at: 'timestamptz',
  max_calls: 'integer',
  calls_used: 'integer',
  status: 'text',
  address_mark: 'text',
  correlation_id: 'text',
} as const;

const NAMES = Object.keys(RECORD_COLUMNS).join(', ');
const RECORD = Object.entries(RECORD_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
const VALUES = NAMES.replace(
  /, (digest|address_mark),/g,
  (_, digest: string) => `, decode(${digest}, 'hex'),`,
);

/**
 * One round trip for a batch of decisions, each of which stands or falls for itself: $1 is a JSON list of them, no two
 * for the same subject token, and $2 all their targets. Gives the `place` of each that was issued, or that a
 * suspension stopped.
 *
 * First of all it waits for whoever suspends or revokes, and looks at what stands then; `targets` are what selectors may
 * name the handle by, and `target_issuers` of whom each is.
 *
 * The upsert locks the subject token's row, so that of many at once each sees the count that the one before committed;
 * without a use left it gives no row, and neither handle nor event is written. Keys are locked in sorted order.
 */
export const ISSUE_HANDLES = `
  with asked as materialized (
    select * from jsonb_to_recordset($1::jsonb) as issue(place integer, use_key text, uses_max integer,
      use_environment text, exchange_id text, use_family_id text, use_expires_at timestamptz, ${RECORD}, targets text[],
      target_issuers text[], events jsonb)
  ), standing as materialized (
    select found.target, found.issuers from public.standing_suspensions($2::text[]) as found
  ), suspended as materialized (
    select distinct place from asked
    cross join lateral unnest(asked.targets, asked.target_issuers) as named(target, issuer)
    join standing on standing.target = named.target
    where cardinality(standing.issuers) = 0 or named.issuer = any(standing.issuers)
  ), used as (
    insert into public.subject_token_use as known
      (key, uses, uses_max, environment, first_exchange_id, family_id, expires_at)
    select decode(use_key, 'hex'), 1, uses_max, use_environment, exchange_id, use_family_id, use_expires_at
    from asked where place not in (select place from suspended) order by use_key
    on conflict (key) do update set uses = known.uses + 1
      where excluded.uses_max is null or known.uses < excluded.uses_max
    returning encode(known.key, 'hex') as use_key
  ), issued as (
    insert into public.handle (${NAMES}) select ${VALUES} from asked join used using (use_key)
    returning id
  ), listed as (
    select jsonb_agg(item order by place, nth) as events
    from asked join issued using (id), jsonb_array_elements(asked.events) with ordinality as told(item, nth)
  ), written as materialized (
    select public.append_events(events) from listed where events is not null
  )
  select place, 'issued' as outcome from asked join issued using (id) where (select count(*) from written) >= 0
  union all
  select place, 'suspended' from suspended`;

/** A row that ISSUE_HANDLES gives. */
export interface IssueRow {
  readonly place: number;
  readonly outcome: 'issued' | 'suspended';
}

/** A handle, as JSON in $1, by itself: within a transaction that has made room for it. */
export const INSERT_HANDLE = `insert into public.handle (${NAMES})
  select ${VALUES} from jsonb_to_record($1::jsonb) as issue(${RECORD})`;

/** An issue for a subject token. */
export type TokenIssue = HandleIssue & { readonly use: SubjectTokenUse };

/** The parameters of ISSUE_HANDLES. */
export function issueParameters(
  issues: readonly TokenIssue[],
): readonly [issues: string, targets: readonly string[]] {
  const rows = issues.map(issueRow);
  return [jsonParameter(rows), [...new Set(rows.flatMap(({ targets }) => targets))]];
}

/** The parameter of INSERT_HANDLE. */
export const handleParameter = (handle: Handle): string => jsonParameter(handleRow(handle));

const issueRow = ({ handle, use, events }: TokenIssue, place: number) => ({
  place,
  use_key: use.key,
  uses_max: use.usesMax,
  use_environment: use.environment,
  exchange_id: use.exchangeId,
  use_family_id: use.familyId,
  use_expires_at: use.expiresAt,
  ...handleRow(handle),
  targets: targetsOf(handle).map(({ target }) => target),
  target_issuers: targetsOf(handle).map(({ issuer }) => issuer),
  events: listedEvents(events),
});

const handleRow = (handle: Handle): Record<keyof typeof RECORD_COLUMNS, unknown> => ({
  id: handle.id,
  digest: handle.digest,
  family_id: handle.familyId,
  parent_id: handle.parentId,
  chain_depth: handle.chainDepth,
  subject_issuer: handle.subject.issuer,
  subject: handle.subject.subject,
  subject_id: handle.subject.id,
  actors: handle.actors,
  actor_ids: handle.actors.map(subjectIdOf),
  subject_token_key_id: handle.subjectTokenKeyId,
  grant_id: handle.grant.id,
  grant_version: handle.grant.version,
  grant_digest: handle.grant.digest,
  grant_set_digest: handle.grant.setDigest,
  pattern: handle.pattern,
  resource: handle.resource,
  environment: handle.environment,
  scopes: handle.scopes,
  intent_method: handle.intent?.method,
  intent_path: handle.intent?.path,
  task: handle.task,
  binding_kind: handle.binding.kind,
  binding_value: bindingValueOf(handle.binding),
  issued_at: handle.issuedAt,
  expires_at: handle.expiresAt,
  max_calls: handle.maxCalls,
  calls_used: handle.callsUsed,
  status: handle.status,
  address_mark: handle.addressMark,
  correlation_id: handle.correlationId,
});
