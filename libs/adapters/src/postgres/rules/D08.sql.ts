import { answer, evidenceOf, type StreamRule } from './stream-rule.js';
import { sumInWindow } from './sum-in-window.js';

const SECONDS = 300;
const LIMITED_SECONDS = 600;

const REFUSED = sumInWindow({
  name: 'refused',
  columns: ['zone', 'checksum_ok', 'event_id'],
  by: ['zone', 'checksum_ok'],
  summed: 'occurrences',
  as: 'seen',
  from: 'uses',
  where: `outcome = 'denied' and zone is not null and at >= :from - interval '5 minutes' and at < :until
        and ((reason = 'unknown' and checksum_ok) or (reason in ('unknown', 'malformed') and not checksum_ok))`,
  seconds: SECONDS,
});

/**
 * Guessing: handles that nobody was given, from one network zone, within five minutes. With a checksum that is right, ten:
 * they were made by somebody who knows the form, or leaked from elsewhere. With a wrong one, fifty.
 */
export const D08: StreamRule = {
  id: 'D08',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold, severity }) =>
    `${observed} handles that are not known, with a ${severity === 'high' ? 'right' : 'wrong'} checksum, from one ` +
    `network zone within 5 minutes, at least ${threshold} are reported`,
  respond: (row) => answer('rate_limit', row, LIMITED_SECONDS),
  steps: [REFUSED],
  text: `
    with ${REFUSED.sliding}, found as (
      select zone, bucket,
        max(case when checksum_ok then seen else 0 end) as valid,
        max(case when checksum_ok then 0 else seen end) as invalid
      from refused where at >= :from group by zone, bucket
    ), flagged as (
      select zone, bucket, valid >= :unknownValid as by_valid,
        cast(case when valid >= :unknownValid then valid else invalid end as double precision) as observed,
        case when valid >= :unknownValid then :unknownValid else :malformed end as threshold
      from found where valid >= :unknownValid or invalid >= :malformed
    )
    select 'source' as entity_type, flagged.zone as entity_id, cast(null as text) as subject_id,
      cast(null as text) as resource, max(refused.at) as end_at,
      flagged.bucket as start_at, case when by_valid then 'high' else 'low' end as severity,
      case when by_valid then 'high' else 'low' end as confidence, flagged.observed, flagged.threshold,
      ${evidenceOf('refused')} as evidence
    from flagged join refused on refused.zone = flagged.zone and refused.checksum_ok = flagged.by_valid
      and (refused.bucket = flagged.bucket or refused.bucket = flagged.bucket - interval '5 minutes')
    group by flagged.zone, flagged.bucket, flagged.by_valid, flagged.observed, flagged.threshold`,
};
