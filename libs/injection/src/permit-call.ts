import { type Handle } from '#handles';
import { permitsCall } from '#policy';
import { type PermittedCall } from './active-call.js';
import { CallDenied } from './call-denied.js';
import { refuseUnpresentable } from './denials.js';
import { isIntended, type JudgedCall } from './judged-call.js';
import { type PresentedHandle } from './presented-handle.js';
import { type ProxiedResource } from './proxied-resource.js';

/**
 * What a handle permits of a call: its resource, presented as that takes handles, and an operation of its scopes.
 * @throws CallDenied
 */
export function permitCall(
  { request, protocol }: JudgedCall,
  resource: ProxiedResource | undefined,
  handle: Handle,
  { scheme }: PresentedHandle,
): PermittedCall {
  if (resource?.id !== handle.resource) {
    throw new CallDenied({
      code: 'insufficient_scope',
      reason: 'resource_mismatch',
      detail: `the handle is for resource ${handle.resource}`,
    });
  }
  refuseUnpresentable(resource, handle, scheme);
  const operation = permitsCall(resource, handle.scopes, request.method, request.segments);
  if (operation === undefined || !isIntended(request, handle)) {
    throw new CallDenied({
      code: 'insufficient_scope',
      reason: 'operation_not_allowed',
      detail: 'no scope of the handle covers this method and path, or it is for another call',
    });
  }
  return { request, handle, resource, operation, protocol };
}
