import { subjectIdOf, type SubjectTokenVerifier, type VerifiedToken } from '#identity';
import { decide, POSTERN_RESOURCE_ID, type PosternScope } from '#policy';
import { ClientAssertions } from './client-assertions.js';
import { type Form } from './form.js';
import { LiveHandles, type LiveHandlesParts } from './live-handles.js';
import { OAuthError } from './oauth-error.js';
import { presentedCredentials } from './presented-credentials.js';

/** RFC 6750 section 2.1: one space, and the scheme in any case. */
const BEARER = /^bearer ([A-Za-z0-9_-]{1,128})$/i;

/** Who operates Postern, for one request: proven, and permitted the scope that was asked for. */
export interface Operator {
  /** subject_id of the workload behind it. */
  readonly subjectId: string;
  /** The handle it presented; undefined for a client assertion. */
  readonly handleId: string | undefined;
}

export interface OperatorAuthenticationParts extends LiveHandlesParts {
  readonly verifier: SubjectTokenVerifier;
  /** Shared with the token endpoint where there is one, so that an assertion serves once at either. */
  readonly assertions?: ClientAssertions;
}

/**
 * Authenticates operators and resource servers: by a handle for the reserved resource `postern`, or by a client
 * assertion (RFC 7523) that is a workload's own JWT, decided by the same grants. There is no other user base.
 */
export class OperatorAuthentication {
  readonly #live: LiveHandles;
  readonly #assertions: ClientAssertions;

  constructor(private readonly parts: OperatorAuthenticationParts) {
    this.#live = new LiveHandles(parts);
    this.#assertions = parts.assertions ?? new ClientAssertions(parts);
  }

  /**
   * `form`: where a client assertion may stand; undefined where only a handle is taken.
   * @throws OAuthError invalid_client when nobody is proven, insufficient_scope when the scope is not permitted
   * @throws DependencyUnavailable
   */
  async authenticate(
    authorization: string | undefined,
    form: Form | undefined,
    scope: PosternScope,
  ): Promise<Operator> {
    const presented = presentedCredentials(authorization, form);
    if (presented.kind === 'header') return this.#byHandle(presented.authorization, scope);
    if (presented.kind === 'assertion' && form !== undefined) return this.#byAssertion(form, scope);
    throw unproven('neither a Bearer handle nor a client assertion');
  }

  async #byHandle(authorization: string, scope: PosternScope): Promise<Operator> {
    const presented = BEARER.exec(authorization)?.[1];
    if (presented === undefined) throw unproven('the Authorization header holds no Bearer handle');
    const handle = await this.#live.find(presented);
    if (handle?.resource !== POSTERN_RESOURCE_ID) {
      throw unproven('the handle is not a live one of the resource postern');
    }
    if (!handle.scopes.includes(scope)) throw missing(scope);
    return { subjectId: handle.subject.id, handleId: handle.id };
  }

  async #byAssertion(form: Form, scope: PosternScope): Promise<Operator> {
    const verified = await this.#assertions.authenticate(form);
    this.#assertPermitted(verified, scope);
    return { subjectId: subjectIdOf(verified.identity), handleId: undefined };
  }

  #assertPermitted({ identity }: VerifiedToken, scope: PosternScope): void {
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
