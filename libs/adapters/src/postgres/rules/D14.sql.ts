import { bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 3_600;
/** What people sit at. */
const INTERACTIVE = `('browser', 'curl', 'httpie', 'postman', 'postmanruntime', 'insomnia', 'wget')`;

/**
 * A person uses what a workload was given: a handle of a workload in a browser, curl, HTTPie or Postman, or from a zone
 * that is named as an office or a VPN is (`office...`, `vpn...`).
 */
export const D14: StreamRule = {
  id: 'D14',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed }) =>
    `a workload's handle was used ${observed} times within an hour by a client that people sit at`,
  respond: NO_RESPONSE,
  text: `
    with suspects as (
      select handle_id, bucket, sum(uses) as observed
      from use_counts
      where bucket >= :from and bucket < :until
        and (agent in ${INTERACTIVE} or zone like 'office%' or zone like 'vpn%')
      group by handle_id, bucket
    ), workloads as (
      select suspects.handle_id, suspects.bucket, suspects.observed, max(exchanges.subject_id) as subject_id,
        max(exchanges.resource) as resource
      from suspects join exchanges on exchanges.handle_id = suspects.handle_id
        and exchanges.outcome = 'permitted' and exchanges.subject_kind = 'workload'
      group by suspects.handle_id, suspects.bucket, suspects.observed
    )
    select 'handle' as entity_type, workloads.handle_id as entity_id, workloads.subject_id,
      workloads.resource, workloads.bucket as start_at, max(uses.at) as end_at, 'medium' as severity, 'medium' as confidence,
      cast(workloads.observed as double precision) as observed, cast(1 as double precision) as threshold,
      ${evidenceOf('uses')} as evidence
    from workloads join uses on uses.handle_id = workloads.handle_id
      and uses.at >= workloads.bucket and uses.at < workloads.bucket + interval '1 hour'
      and ${bucketOf('uses.at', SECONDS)} = workloads.bucket
    where uses.agent in ${INTERACTIVE} or uses.zone like 'office%' or uses.zone like 'vpn%'
    group by workloads.handle_id, workloads.subject_id, workloads.resource, workloads.bucket, workloads.observed`,
};
