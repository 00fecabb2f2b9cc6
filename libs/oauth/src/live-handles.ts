import { type Clock } from '#kernel';
import { isOverdue, type IssuerRegistry } from '#identity';
import { type Grant, type GrantSource, type ResourceSet } from '#policy';
import { assertUsable, type Handle, type HandleLookup, HandleRefused, parseHandle } from '#handles';

export interface LiveHandlesParts {
  readonly handles: HandleLookup;
  readonly grants: GrantSource;
  readonly issuers: IssuerRegistry;
  readonly resources: ResourceSet;
  readonly clock: Clock;
  readonly environment: string;
}

/**
 * Handles that are good now, with all that they rest on: not only the handle itself, but the grant it was issued by, the
 * issuer that vouched for its workload and the resource it is for. Each is asked again; nothing is remembered.
 */
export class LiveHandles {
  constructor(private readonly parts: LiveHandlesParts) {}

  /** Undefined for whatever is not good now, for any cause. @throws DependencyUnavailable */
  async find(presented: string): Promise<Handle | undefined> {
    const parsed = parseHandle(presented);
    if (parsed.kind === 'malformed' || parsed.environment !== this.parts.environment) {
      return undefined;
    }
    const handle = await this.parts.handles.findByDigest(parsed.digest);
    return handle !== undefined && this.#isLive(handle) ? handle : undefined;
  }

  #isLive(handle: Handle): boolean {
    const now = this.parts.clock.now();
    const issuer = this.parts.issuers.find(handle.subject.issuer);
    const grant = this.parts.grants.current().grants.find(({ id }) => id === handle.grant.id);
    return (
      isUsable(handle, now) &&
      handle.environment === this.parts.environment &&
      handle.callsUsed < handle.maxCalls &&
      issuer !== undefined &&
      !isOverdue(issuer, now) &&
      this.parts.resources.find(handle.resource) !== undefined &&
      grant !== undefined &&
      stillGives(grant, handle, now)
    );
  }
}

function isUsable(handle: Handle, now: Date): boolean {
  try {
    assertUsable(handle, now);
    return true;
  } catch (error) {
    if (error instanceof HandleRefused) return false;
    throw error;
  }
}

/** The grant as it is today would still give this handle; claims are not looked at, a handle does not hold them. */
function stillGives(grant: Grant, handle: Handle, now: Date): boolean {
  const { subject } = handle;
  const { issuer, id } = grant.subject;
  return (
    now.getTime() < grant.reviewBy.getTime() &&
    grant.resource === handle.resource &&
    issuer === subject.issuer &&
    (id.kind !== 'exact' || id.subject === subject.subject) &&
    handle.scopes.every((scope) => grant.scopes.includes(scope))
  );
}
