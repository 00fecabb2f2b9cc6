import { bucketOf, evidenceOf, type StreamRule } from './stream-rule.js';

const SECONDS = 3_600;

/** Vault bypass: a managed secret was read in Vault by somebody who is neither Postern nor on the list of administrators. */
export const D19: StreamRule = {
  id: 'D19',
  bucketSeconds: SECONDS,
  reachSeconds: 0,
  explain: ({ observed }) =>
    `the secret of a resource was read ${observed} times past Postern, by nobody of detection.vaultAudit.allowEntities`,
  respond: ({ entity_id: resource }) => [
    { action: 'request_rotation', target: `resource:${resource}`, seconds: undefined },
  ],
  text: `
    with reads as (
      select resource, event_id, at, ${bucketOf('at', SECONDS)} as bucket
      from vault_accesses where operation = 'read' and at >= :from and at < :until
    )
    select 'resource' as entity_type, resource as entity_id, cast(null as text) as subject_id, resource,
      bucket as start_at, max(at) as end_at, 'high' as severity, 'high' as confidence,
      cast(count(*) as double precision) as observed, cast(1 as double precision) as threshold,
      ${evidenceOf('reads')} as evidence
    from reads group by resource, bucket`,
};
