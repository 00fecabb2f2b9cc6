import { type WorkloadIdentity } from '#identity';
import { type AccessRequest } from './access-request.js';
import { describeGrant } from './closest-grant.js';
import { type ConditionInput } from './condition.js';
import { type Denial, type Permission } from './decision.js';

/** Whether the grant's `when` is not true: false, an error and a result that is no boolean are all the same. */
export function conditionNotMet(request: AccessRequest, permitted: Permission): Denial | undefined {
  const { grant } = permitted;
  if (grant.when === undefined) return undefined;
  const outcome = grant.when.holds(inputOf(request, permitted));
  if (outcome === 'true') return undefined;
  const why = outcome === 'false' ? 'is false' : `cannot be judged: ${outcome.error}`;
  return { reason: 'condition_not_met', detail: `the condition of ${describeGrant(grant)} ${why}` };
}

function inputOf(request: AccessRequest, permitted: Permission): ConditionInput {
  const { identity, presented, resource, now } = request;
  const actor = presented.kind === 'delegated' ? presented.actor : undefined;
  return {
    request: {
      task: permitted.task ?? '',
      scopes: permitted.scopes,
      resource: resource.id,
      environment: resource.environment,
      binding: permitted.binding,
      ttlSeconds: permitted.lifeSeconds,
      method: permitted.call?.method ?? '',
      path: permitted.call?.path ?? '',
    },
    subject: { ...workload(identity), kind: identity.subjectKind },
    actor:
      actor === undefined
        ? { issuer: '', id: '', claims: new Map(), present: false }
        : { ...workload(actor), present: true },
    now,
  };
}

/** RFC 8693 section 4.1: who acted before is for the record and decides nothing, so conditions do not see it. */
const workload = ({ issuer, subject, claims }: WorkloadIdentity) => ({
  issuer,
  id: subject,
  claims: new Map([...claims].filter(([name]) => name !== 'act' && name !== 'may_act')),
});
