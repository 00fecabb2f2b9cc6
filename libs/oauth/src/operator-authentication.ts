import { subjectIdOf, type VerifiedToken } from '#identity';
import { type Handle, type ProofOfPossession } from '#handles';
import { decide, NO_INTENT, NO_PROOFS, POSTERN_RESOURCE_ID, type PosternScope } from '#policy';
import { type CallerContext } from './caller-context.js';
import { type ClientAssertions } from './client-assertions.js';
import { type Form } from './form.js';
import { LiveHandles, type LiveHandlesParts } from './live-handles.js';
import { OAuthError } from './oauth-error.js';
import { isHeld } from './possession.js';
import { presentedCredentials } from './presented-credentials.js';

/** RFC 6750 section 2.1, RFC 9449 section 7.1. The scheme in any case; one space, though more would be permitted. */
const HANDLE = /^(?<scheme>bearer|dpop) (?<handle>[A-Za-z0-9_-]{1,128})$/i;

/** Who operates Postern, for one request: proven, and permitted the scope that was asked for. */
export interface Operator {
  /** subject_id of the workload behind it. */
  readonly subjectId: string;
  /** The handle it presented; undefined for a client assertion. */
  readonly handleId: string | undefined;
  /** Another workload acts for it (RFC 8693 section 4.1): what is asked is that one's doing. */
  readonly isDelegated: boolean;
}

/** The request of an operator, as far as it says who asks. */
export interface OperatorRequest {
  readonly authorization: string | undefined;
  /** Where a client assertion may stand; undefined where only a handle is taken. */
  readonly form: Form | undefined;
  readonly context: CallerContext;
  readonly method: string;
  /** Its public URL, which a proof must name. */
  readonly uri: string;
}

export interface OperatorAuthenticationParts extends LiveHandlesParts {
  readonly assertions: ClientAssertions;
  readonly possession: ProofOfPossession;
}

/**
 * Authenticates operators and resource servers: by a handle for the reserved resource `postern`, or by a client
 * assertion (RFC 7523) that is a workload's own JWT, decided by the same grants. There is no other user base.
 */
export class OperatorAuthentication {
  readonly #live: LiveHandles;

  constructor(private readonly parts: OperatorAuthenticationParts) {
    this.#live = new LiveHandles(parts);
  }

  /**
   * @throws OAuthError invalid_client when nobody is proven, insufficient_scope when the scope is not permitted,
   *   invalid_dpop_proof and use_dpop_nonce
   * @throws DependencyUnavailable
   */
  async authenticate(request: OperatorRequest, scope: PosternScope): Promise<Operator> {
    const { authorization, form } = request;
    const presented = presentedCredentials(authorization, form);
    if (presented.kind === 'header') {
      return this.#byHandle(presented.authorization, request, scope);
    }
    if (presented.kind === 'assertion' && form !== undefined) return this.#byAssertion(form, scope);
    throw unproven('neither a handle nor a client assertion');
  }

  async #byHandle(
    authorization: string,
    request: OperatorRequest,
    scope: PosternScope,
  ): Promise<Operator> {
    const { scheme = '', handle: presented } = HANDLE.exec(authorization)?.groups ?? {};
    if (presented === undefined) throw unproven('the Authorization header holds no handle');
    const handle = await this.#live.find(presented);
    if (handle?.resource !== POSTERN_RESOURCE_ID) {
      throw unproven('the handle is not a live one of the resource postern');
    }
    await this.#assertHeld(handle, { scheme: scheme.toLowerCase(), presented, request });
    if (!handle.scopes.includes(scope)) throw missing(scope);
    return {
      subjectId: handle.subject.id,
      handleId: handle.id,
      isDelegated: handle.actors.length > 0,
    };
  }

  /** A bound handle is worth nothing without its key, and an unbound one is presented as what it is. */
  async #assertHeld(handle: Handle, { scheme, presented, request }: Held): Promise<void> {
    if ((handle.binding.kind === 'dpop') !== (scheme === 'dpop')) {
      throw unproven('the handle is presented by another scheme than its binding wants');
    }
    if (await isHeld(handle, this.parts.possession, { ...request, handle: presented })) return;
    throw unproven('the key that the handle is bound to was not proven');
  }

  async #byAssertion(form: Form, scope: PosternScope): Promise<Operator> {
    const verified = await this.parts.assertions.authenticate(form);
    this.#assertPermitted(verified, scope);
    const subjectId = subjectIdOf(verified.identity);
    return { subjectId, handleId: undefined, isDelegated: false };
  }

  #assertPermitted({ identity, expiresAt }: VerifiedToken, scope: PosternScope): void {
    const resource = this.parts.resources.find(POSTERN_RESOURCE_ID);
    if (resource === undefined) throw missing(scope);
    const now = this.parts.clock.now();
    const decision = decide(this.parts.grants.current(), {
      ...{ identity, resource, expiresAt, now },
      presented: { kind: 'token' },
      clientAuthenticated: true,
      proofs: NO_PROOFS,
      requestedScopes: [scope],
      intent: NO_INTENT,
    });
    if (decision.effect === 'deny') throw missing(scope);
  }
}

interface Held {
  readonly scheme: string;
  readonly presented: string;
  readonly request: OperatorRequest;
}

const unproven = (detail: string): OAuthError =>
  new OAuthError('invalid_client', 'invalid_client', detail);

const missing = (scope: PosternScope): OAuthError =>
  new OAuthError(
    'insufficient_scope',
    'not_allowed',
    `the scope ${scope} of postern is not permitted`,
  );
