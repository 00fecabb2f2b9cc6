import { answer, bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 86_400;

/** Twice as long is more than an oversight. */
const severityOf = (observed: string, threshold: string): string =>
  `case when ${observed} >= 2 * ${threshold} then 'medium' else 'low' end`;

/** What control lists of this deployment once a day; begun is when what is listed was last used, or made. */
const listed = (kind: 'grant' | 'credential', begun: string, days: string): string => `
    with listed as (
      select item_id, list_event_id, moved_event_id, listed_at, ${begun} as begun, ${days} as days
      from standings
      where kind = '${kind}' and env = :environment and deployment = :deployment
        and listed_at >= :from and listed_at < :until
    ), stale as (
      select item_id, list_event_id, moved_event_id, listed_at, days,
        extract(epoch from listed_at - begun) / ${SECONDS} as age, begun + days * interval '1 day' as stale_at
      from listed where begun + days * interval '1 day' <= listed_at
    )`;

/** One finding for as long as it lasts: it begins on the day on which it became stale. */
const found = (entityType: 'grant' | 'resource'): string => `
    select '${entityType}' as entity_type, item_id as entity_id, cast(null as text) as subject_id,
      ${entityType === 'resource' ? 'item_id' : 'cast(null as text)'} as resource,
      ${bucketOf('stale_at', SECONDS)} as start_at, listed_at as end_at,
      ${severityOf('age', 'days')} as severity, 'high' as confidence,
      cast(floor(age) as double precision) as observed, cast(days as double precision) as threshold,
      case when moved_event_id is null then array[list_event_id]
        else array[moved_event_id, list_event_id] end as evidence
    from stale`;

const days = ({ observed, threshold }: { observed: number; threshold: number }): string =>
  `for ${observed} days, ${threshold} and more are reported`;

/**
 * A grant that nobody used: for thirty days, or what `detection.unusedGrants` says of it. Counted from the last permitted
 * exchange, or since it is listed: what was before evidence began is not known.
 */
const UNUSED: StreamRule = {
  id: 'D16',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: (row) => `the grant was not used ${days(row)}`,
  respond: (row) => answer('disable_grant', row),
  text:
    listed(
      'grant',
      'greatest(first_listed_at, coalesce(moved_at, first_listed_at))',
      'coalesce(limit_days, :unusedDays)',
    ) + found('grant'),
};

/** A credential that was not changed for ninety days; of one that Postern never rotated since it is listed. */
const OLD: StreamRule = {
  id: 'D16',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: (row) => `the credential was not changed ${days(row)}`,
  respond: NO_RESPONSE,
  text:
    listed(
      'credential',
      'coalesce(moved_at, first_listed_at)',
      'coalesce(limit_days, :credentialAgeDays)',
    ) + found('resource'),
};

/**
 * A credential that was replaced and still lives: a day after another one became the current one the old one was not
 * withdrawn, or was later than that. Looks a day further back than it was asked for: a sentinel that was away has missed
 * the hour in which a time was over.
 */
const UNREVOKED: StreamRule = {
  id: 'D16',
  bucketSeconds: 1,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `the replaced credential was valid for ${observed} hours more, up to ${threshold} are permitted`,
  respond: NO_RESPONSE,
  text: `
    with promoted as (
      select resource, rotation_id, min(at) as at
      from rotations
      where state = 'promoted' and env = :environment and deployment = :deployment
        and at >= :from - :revokeHours * interval '1 hour' - interval '24 hours'
        and at <= :until - :revokeHours * interval '1 hour'
      group by resource, rotation_id
    ), ended as (
      select rotation_id, min(at) as at from rotations
      where state in ('done', 'rolled_back') and at < :until group by rotation_id
    ), late as (
      select promoted.resource, promoted.rotation_id, promoted.at + :revokeHours * interval '1 hour' as missed_at,
        extract(epoch from coalesce(ended.at, :until) - promoted.at) / 3600 as hours
      from promoted left join ended on ended.rotation_id = promoted.rotation_id
      where ended.at is null or ended.at > promoted.at + :revokeHours * interval '1 hour'
    )
    select 'resource' as entity_type, late.resource as entity_id, cast(null as text) as subject_id, late.resource,
      late.missed_at as start_at, max(rotations.at) as end_at, 'medium' as severity, 'high' as confidence,
      cast(floor(late.hours) as double precision) as observed, :revokeHours as threshold,
      ${evidenceOf('rotations')} as evidence
    from late join rotations on rotations.rotation_id = late.rotation_id
      and rotations.state in ('promoted', 'draining', 'retiring', 'done', 'rolled_back')
    group by late.resource, late.rotation_id, late.missed_at, late.hours`,
};

/** What should not be there any more, or not be as it is: each of three parts finds things of its own. */
export const D16: readonly StreamRule[] = [UNUSED, OLD, UNREVOKED];
