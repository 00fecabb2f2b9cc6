import { type Clock, epochSeconds } from '#kernel';
import { isOverdue, type IssuerRegistry } from '#identity';
import { type GrantSource } from '#policy';
import { type Handle, type HandleStore, parseHandle } from '#handles';

/** RFC 7662 section 2.2. An inactive handle gives `active: false` and nothing else, whatever the cause. */
export type IntrospectionResult =
  | { readonly active: false }
  | { readonly active: true; readonly handle: Handle; readonly exp: number; readonly iat: number };

export interface IntrospectionParts {
  readonly handles: HandleStore;
  readonly grants: GrantSource;
  readonly issuers: IssuerRegistry;
  readonly clock: Clock;
  readonly environment: string;
}

/** Tells a resource server whether a handle is good now. Every check is made again, none is remembered. */
export class Introspection {
  constructor(private readonly parts: IntrospectionParts) {}

  /** @throws DependencyUnavailable */
  async introspect(presented: string): Promise<IntrospectionResult> {
    const parsed = parseHandle(presented);
    if (parsed.kind === 'malformed' || parsed.environment !== this.parts.environment) {
      return { active: false };
    }
    const handle = await this.parts.handles.findByDigest(parsed.digest);
    if (handle === undefined || !this.isActive(handle)) return { active: false };
    const [exp, iat] = [epochSeconds(handle.expiresAt), epochSeconds(handle.issuedAt)];
    return { active: true, handle, exp, iat };
  }

  private isActive(handle: Handle): boolean {
    const now = this.parts.clock.now();
    const grant = this.parts.grants.current().grants.find(({ id }) => id === handle.grant.id);
    const issuer = this.parts.issuers.find(handle.subject.issuer);
    return (
      handle.status === 'active' &&
      handle.expiresAt > now &&
      handle.callsUsed < handle.maxCalls &&
      grant !== undefined &&
      grant.reviewBy > now &&
      issuer !== undefined &&
      !isOverdue(issuer, now)
    );
  }
}
