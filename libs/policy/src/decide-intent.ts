import { type AccessRequest, type Intent, type NamedCall } from './access-request.js';
import { type Denial } from './decision.js';
import { type Grant } from './grant.js';
import { describeGrant } from './closest-grant.js';
import { callsCeiling, ttlCeilingSeconds } from './handle-limits.js';
import { parseCallPath } from './parse-call-path.js';
import { permitsCall } from './permits-call.js';

const refuse = (detail: string): Denial => ({ reason: 'call_not_allowed', detail });

/** The one call that the handle will be for: what is asked, else what the parent was narrowed to. */
export const callOf = ({ intent, presented }: AccessRequest): NamedCall | undefined =>
  intent.call ?? (presented.kind === 'handle' ? presented.parent.call : undefined);

export const taskOf = ({ intent, presented }: AccessRequest): string | undefined =>
  intent.task ?? (presented.kind === 'handle' ? presented.parent.task : undefined);

/** What is asked for by name is within the scopes, the ceilings and the parent, or it is refused. */
export function intentRefused(
  grant: Grant,
  request: AccessRequest,
  scopes: readonly string[],
): Denial | undefined {
  const call = callOf(request);
  if (call !== undefined && !isWithin(call, scopes, request)) {
    return refuse(`no scope that was granted covers ${call.method} ${call.path.slice(0, 200)}`);
  }
  return beyondParent(request) ?? beyondCeilings(grant, request);
}

/** A path that the resource makes no exception of cannot be called there. */
const isWithin = (
  { method, path, segments }: NamedCall,
  scopes: readonly string[],
  { resource }: AccessRequest,
): boolean =>
  parseCallPath(path, resource.pathExceptions) !== undefined &&
  permitsCall(resource, scopes, method, segments) !== undefined;

function beyondParent({ presented, intent }: AccessRequest): Denial | undefined {
  if (presented.kind !== 'handle') return undefined;
  const { call, task } = presented.parent;
  if (call !== undefined && intent.call !== undefined && !sameCall(call, intent.call)) {
    return refuse('the handle that is presented is for another call');
  }
  if (task !== undefined && intent.task !== undefined && task !== intent.task) {
    return refuse('the handle that is presented is of another task');
  }
  return undefined;
}

const sameCall = (one: NamedCall, other: NamedCall): boolean =>
  one.method === other.method && one.path === other.path;

function beyondCeilings(grant: Grant, { intent, resource }: AccessRequest): Denial | undefined {
  const [calls, seconds] = [
    callsCeiling({ grant, resource }),
    ttlCeilingSeconds({ grant, resource }),
  ];
  if (exceeds(intent, 'maxCalls', calls)) {
    return refuse(
      `${intent.maxCalls ?? 0} calls were asked for, ${describeGrant(grant)} gives ${calls}`,
    );
  }
  if (exceeds(intent, 'ttlSeconds', seconds)) {
    return refuse(
      `${intent.ttlSeconds ?? 0} s were asked for, ${describeGrant(grant)} gives ${seconds}`,
    );
  }
  return undefined;
}

const exceeds = (intent: Intent, name: 'maxCalls' | 'ttlSeconds', ceiling: number): boolean =>
  (intent[name] ?? 0) > ceiling;
