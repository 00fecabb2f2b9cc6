import { type AccessRequest, type BindingKind, type Proofs } from './access-request.js';
import { describeGrant } from './closest-grant.js';
import { type Denial } from './decision.js';
import { type Grant } from './grant.js';
import { type BindingRequirement, type Resource } from './resource.js';

/** The binding that grant and resource together ask for; undefined when no binding can be both. */
export function requiredBinding(
  one: BindingRequirement,
  other: BindingRequirement,
): BindingRequirement | undefined {
  if (one === other || other === 'none') return one;
  if (one === 'none') return other;
  if (one === 'any') return other;
  return other === 'any' ? one : undefined;
}

/** The key that the handle will be bound to: never weaker than what is presented, than the grant or than the resource. */
export function bindingOf(grant: Grant, { proofs, resource }: AccessRequest): BindingKind | Denial {
  const refuse = (why: string): Denial => ({
    reason: 'binding_required',
    detail: `${describeGrant(grant)} wants binding ${grant.binding}, resource ${resource.id} ${resource.handle.binding}: ${why}`,
  });
  const required = requiredBinding(grant.binding, resource.handle.binding);
  if (required === undefined) return refuse('no handle can be bound so');
  const binding = chosen(required, proofs);
  const isProven = binding === 'none' || (binding !== undefined && proofs[binding]);
  if (!isProven) return refuse('the proof of such a key is missing');
  if (proofs.boundBy !== 'none' && proofs.boundBy !== binding) {
    return refuse(`what is presented is bound by ${proofs.boundBy}`);
  }
  return canBePresented(binding, resource)
    ? binding
    : refuse(
        `a handle of binding ${binding} cannot be presented as ${resource.presentations.join(', ')}`,
      );
}

/** A proof that was not asked for binds all the same: whoever sends one expects a handle that needs it. */
function chosen(required: BindingRequirement, proofs: Proofs): BindingKind | undefined {
  switch (required) {
    case 'dpop':
      return proofs.dpop ? 'dpop' : undefined;
    case 'mtls':
      return proofs.mtls ? 'mtls' : undefined;
    case 'any':
      return strongest(proofs.dpop, proofs.mtls);
    case 'none':
      return strongest(proofs.dpop, proofs.boundBy === 'mtls') ?? 'none';
  }
}

const strongest = (dpop: boolean, mtls: boolean): 'dpop' | 'mtls' | undefined => {
  if (dpop) return 'dpop';
  return mtls ? 'mtls' : undefined;
};

/**
 * A handle that is bound by DPoP is presented with its proof, wherever handles are; others as the resource says, and one that
 * is bound to a certificate never as the password of somebody.
 */
export const canBePresented = (binding: BindingKind, { presentations }: Resource): boolean =>
  binding === 'dpop' ||
  presentations.includes('bearer') ||
  (binding === 'none' && presentations.includes('basic'));
