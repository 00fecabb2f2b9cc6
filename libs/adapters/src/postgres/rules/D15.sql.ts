import { bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 86_400;

/** One credential for several applications: two or more subjects were given handles of one resource on one day. */
export const D15: StreamRule = {
  id: 'D15',
  bucketSeconds: SECONDS,
  reachSeconds: 0,
  explain: ({ observed }) =>
    `${observed} applications used the credential of one resource on one day`,
  respond: NO_RESPONSE,
  text: `
    with shared as (
      select resource, ${bucketOf('bucket', SECONDS)} as bucket, count(distinct subject_id) as observed
      from exchange_counts where permitted > 0 and resource <> '' and bucket >= :from and bucket < :until
      group by resource, ${bucketOf('bucket', SECONDS)} having count(distinct subject_id) >= :applications
    ), first_of_each as (
      select shared.resource, shared.bucket, shared.observed, exchanges.event_id, exchanges.at,
        row_number() over (partition by shared.resource, shared.bucket, exchanges.subject_id
          order by exchanges.at, exchanges.event_id) as place
      from shared join exchanges on exchanges.resource = shared.resource and exchanges.outcome = 'permitted'
        and exchanges.subject_id is not null
        and exchanges.at >= shared.bucket and exchanges.at < shared.bucket + interval '24 hours'
      where exchanges.at >= :from and exchanges.at < :until
    )
    select 'resource' as entity_type, resource as entity_id, cast(null as text) as subject_id,
      resource, bucket as start_at, max(at) as end_at, 'low' as severity, 'high' as confidence,
      cast(observed as double precision) as observed, :applications as threshold,
      ${evidenceOf('first_of_each')} as evidence
    from first_of_each where place = 1 group by resource, bucket, observed`,
};
