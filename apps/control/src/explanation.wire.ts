import { type Explanation } from './explanations.js';

/** An explanation for operators: never a handle, a token or a secret, since no event has one. */
export function explanationResource(explanation: Explanation): Readonly<Record<string, unknown>> {
  const { correlationId, verdict, decisive, events, hasMore } = explanation;
  const { kind, effect, step, reason, compared } = verdict;
  return {
    correlation_id: correlationId,
    kind,
    effect,
    step,
    reason,
    compared,
    closest_grant: grantOf(explanation),
    grant_set_digest: verdict.grantSetDigest ?? explanation.handle?.grant.setDigest ?? null,
    at: decisive.time,
    subject: subjectOf(explanation),
    actors: explanation.handle?.actors ?? [],
    handle_id: verdict.handleId ?? null,
    events,
    has_more: hasMore,
  };
}

/** Of a call: the grant that its handle was issued by. */
function grantOf({ verdict, handle }: Explanation): unknown {
  const { id, version } = verdict.grant ?? handle?.grant ?? {};
  if (id === undefined) return null;
  return { id, ...(version === undefined ? {} : { version }) };
}

function subjectOf({ verdict, handle }: Explanation): unknown {
  const { id, issuer, subject } = verdict.subject ?? handle?.subject ?? {};
  if (id === undefined && issuer === undefined && subject === undefined) return null;
  return {
    ...(id === undefined ? {} : { id }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
  };
}
