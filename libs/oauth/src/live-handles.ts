import { type Clock } from '#kernel';
import { isOverdue, type IssuerRegistry } from '#identity';
import { type Grant, type GrantSource, type ResourceSet } from '#policy';
import {
  type Handle,
  type HandleLife,
  type HandleLookup,
  HandleRefused,
  parseHandle,
} from '#handles';

export interface LiveHandlesParts {
  readonly handles: HandleLookup;
  /** The one of this process. */
  readonly life: HandleLife;
  readonly grants: GrantSource;
  readonly issuers: IssuerRegistry;
  readonly resources: ResourceSet;
  readonly clock: Clock;
  readonly environment: string;
}

/**
 * Handles that are good now, with all that they rest on: not only the handle itself, but the grant it was issued by, the
 * issuer that vouched for its workload and the resource it is for. Each is asked again; all that is remembered, by the
 * HandleLife, is which handles were seen expired.
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
      this.#isUsable(handle, now) &&
      handle.environment === this.parts.environment &&
      handle.callsUsed < handle.maxCalls &&
      issuer !== undefined &&
      !isOverdue(issuer, now) &&
      this.parts.resources.find(handle.resource) !== undefined &&
      grant !== undefined &&
      stillGives(grant, handle, now)
    );
  }

  #isUsable(handle: Handle, now: Date): boolean {
    try {
      this.parts.life.assertUsable(handle, now);
      return true;
    } catch (error) {
      if (error instanceof HandleRefused) return false;
      throw error;
    }
  }
}

/** The grant is still the one that gave this handle, to the letter: an edit ends what was given before it. */
const stillGives = (grant: Grant, handle: Handle, now: Date): boolean =>
  now.getTime() < grant.reviewBy.getTime() &&
  grant.digest === handle.grant.digest &&
  grant.resource === handle.resource &&
  handle.scopes.every((scope) => grant.scopes.includes(scope));
