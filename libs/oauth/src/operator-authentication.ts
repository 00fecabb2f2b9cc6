import { LRUCache } from 'lru-cache';
import { type Clock, sha256OfParts } from '#kernel';
import {
  subjectIdOf,
  type SubjectTokenVerifier,
  TokenRejected,
  type VerifiedToken,
} from '#identity';
import {
  decide,
  type GrantSource,
  POSTERN_RESOURCE_ID,
  type PosternScope,
  type ResourceSet,
} from '#policy';
import { assertUsable, HandleRefused, type HandleStore, parseHandle } from '#handles';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTIONS_MAX = 100_000;
/** RFC 6750 section 2.1: one space, and the scheme in any case. */
const BEARER = /^bearer ([A-Za-z0-9_-]{1,128})$/i;

/** Who operates Postern, for one request: proven, and permitted the scope that was asked for. */
export interface Operator {
  /** subject_id of the workload behind it. */
  readonly subjectId: string;
  /** The handle it presented; undefined for a client assertion. */
  readonly handleId: string | undefined;
}

export interface OperatorAuthenticationParts {
  readonly handles: HandleStore;
  readonly verifier: SubjectTokenVerifier;
  readonly grants: GrantSource;
  readonly resources: ResourceSet;
  readonly clock: Clock;
  readonly environment: string;
}

/**
 * Authenticates operators and resource servers: by a handle for the reserved resource `postern`, or by a client
 * assertion (RFC 7523) that is a workload's own JWT, decided by the same grants. There is no other user base.
 */
export class OperatorAuthentication {
  /** Assertions seen, until they expire (RFC 7523 section 3 point 7). One process's memory: see docs/caches.md. */
  readonly #assertions = new LRUCache<string, true>({ max: ASSERTIONS_MAX });

  constructor(private readonly parts: OperatorAuthenticationParts) {}

  /** @throws OAuthError invalid_client when nobody is proven, insufficient_scope when the scope is not permitted */
  async authenticate(
    authorization: string | undefined,
    form: Form | undefined,
    scope: PosternScope,
  ): Promise<Operator> {
    const assertion = form?.one('client_assertion');
    if (assertion !== undefined && authorization !== undefined) {
      throw new OAuthError(
        'invalid_request',
        'malformed_request',
        'two ways of authentication at once',
      );
    }
    if (assertion !== undefined) return this.byAssertion(assertion, form, scope);
    if (authorization !== undefined) return this.byHandle(authorization, scope);
    throw unproven('no Authorization header and no client_assertion');
  }

  private async byHandle(authorization: string, scope: PosternScope): Promise<Operator> {
    const presented = BEARER.exec(authorization)?.[1];
    if (presented === undefined) throw unproven('the Authorization header holds no Bearer handle');
    const parsed = parseHandle(presented);
    if (parsed.kind === 'malformed' || parsed.environment !== this.parts.environment) {
      throw unproven('the handle is malformed or of another environment');
    }
    const handle = await this.parts.handles.findByDigest(parsed.digest);
    if (handle?.resource !== POSTERN_RESOURCE_ID)
      throw unproven('no handle for the resource postern');
    try {
      assertUsable(handle, this.parts.clock.now());
    } catch (error) {
      if (error instanceof HandleRefused) throw unproven(error.message);
      throw error;
    }
    if (!handle.scopes.includes(scope)) throw missing(scope);
    return { subjectId: handle.subject.id, handleId: handle.id };
  }

  private async byAssertion(
    assertion: string,
    form: Form | undefined,
    scope: PosternScope,
  ): Promise<Operator> {
    if (form?.one('client_assertion_type') !== JWT_BEARER) {
      throw unproven('client_assertion_type is missing or not jwt-bearer');
    }
    const verified = await this.parts.verifier.verify(assertion).catch((error: unknown) => {
      if (error instanceof TokenRejected) throw unproven(error.message);
      throw error;
    });
    const clientId = form.one('client_id');
    if (clientId !== undefined && clientId !== verified.identity.subject) {
      throw unproven('client_id is not the subject of the assertion');
    }
    this.assertUnseen(verified);
    this.assertPermitted(verified, scope);
    return { subjectId: subjectIdOf(verified.identity), handleId: undefined };
  }

  private assertUnseen({ identity, jti, signingInputDigest, expiresAt }: VerifiedToken): void {
    const seen = sha256OfParts([identity.issuer, jti ?? signingInputDigest]);
    if (this.#assertions.has(seen)) throw unproven('the assertion was used before');
    const ttl = expiresAt.getTime() - this.parts.clock.now().getTime() + 60_000;
    this.#assertions.set(seen, true, { ttl: Math.max(1, ttl) });
  }

  private assertPermitted({ identity }: VerifiedToken, scope: PosternScope): void {
    const resource = this.parts.resources.find(POSTERN_RESOURCE_ID);
    if (resource === undefined) throw missing(scope);
    const now = this.parts.clock.now();
    const request = { identity, resource, requestedScopes: [scope], now };
    if (decide(this.parts.grants.current(), request).effect === 'deny') throw missing(scope);
  }
}

const unproven = (detail: string): OAuthError =>
  new OAuthError('invalid_client', 'invalid_client', detail);

const missing = (scope: PosternScope): OAuthError =>
  new OAuthError(
    'insufficient_scope',
    'not_allowed',
    `the scope ${scope} of postern is not permitted`,
  );
