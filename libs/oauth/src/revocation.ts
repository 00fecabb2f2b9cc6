import { type Clock } from '#kernel';
import {
  type Handle,
  type HandleLife,
  HandleRefused,
  type HandleSelector,
  type HandleStore,
  parseHandle,
  type ProofOfPossession,
} from '#handles';
import { type CallerContext } from './caller-context.js';
import { refused } from './exchange-refusal.js';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { isHeld, proofInvalid } from './possession.js';
import { type RevokeHandles } from './revoke-handles.js';

/**
 * RFC 7009: whoever presents a handle may revoke it, for that only takes authority away. What is unknown, malformed or
 * revoked already is no error. `token_type_hint` is not looked at when a handle is presented. `cascade` asks for more:
 * `family`, all handles that descend from the same subject token, or `task`, all handles of the workload's task. A handle
 * that is bound to a key takes others with it only for who holds that key: a thief must not stop a workload.
 */
export class Revocation {
  constructor(
    private readonly parts: {
      readonly handles: HandleStore;
      readonly life: HandleLife;
      readonly revokeHandles: RevokeHandles;
      readonly possession: ProofOfPossession;
      readonly publicOrigin: string;
      readonly environment: string;
      readonly clock: Clock;
    },
  ) {}

  /**
   * @throws OAuthError invalid_request without `token`; invalid_dpop_proof, use_dpop_nonce and, for a certificate,
   *   invalid_request or invalid_client, when more than a bound handle itself is asked for without its key. Then nothing
   *   is revoked.
   * @throws DependencyUnavailable: the handle must be taken for valid
   */
  async revoke(form: Form, context: CallerContext): Promise<void> {
    const presented = form.one('token');
    if (presented === undefined) {
      throw new OAuthError('invalid_request', 'malformed_request', 'token is missing');
    }
    const cascade = parseCascade(form.one('cascade'));
    const parsed = parseHandle(presented);
    if (parsed.kind === 'malformed') {
      refuseRefreshToken(form);
      return;
    }
    if (parsed.environment !== this.parts.environment) return;
    const handle = await this.parts.handles.findByDigest(parsed.digest);
    if (handle === undefined) return;
    const selector = selectorOf(handle, this.#mayCascade(handle) ? cascade : 'handle');
    if (selector.scope !== 'handle') await this.#assertHeld(handle, presented, context);
    await this.parts.revokeHandles.revoke({
      selector,
      reason: 'revoked by its holder',
      initiator: 'subject',
      initiatorId: handle.id,
      correlationId: context.correlationId,
    });
  }

  async #assertHeld(handle: Handle, presented: string, context: CallerContext): Promise<void> {
    const { possession, publicOrigin } = this.parts;
    const uri = `${publicOrigin}/oauth2/revoke`;
    const request = { context, method: 'POST', uri, handle: presented };
    if (await isHeld(handle, possession, request)) return;
    if (handle.binding.kind === 'dpop') {
      throw proofInvalid('the key that the handle is bound to was not proven');
    }
    throw refused('binding_mismatch', 'the certificate that the handle is bound to is not there');
  }

  /** A handle that is dead already takes no other one with it: whoever finds one must not stop its workload. */
  #mayCascade(handle: Handle): boolean {
    try {
      this.parts.life.assertUsable(handle, this.parts.clock.now());
      return true;
    } catch (error) {
      if (error instanceof HandleRefused) return false;
      throw error;
    }
  }
}

type Cascade = 'handle' | 'family' | 'task';

function parseCascade(value: string | undefined): Cascade {
  if (value === undefined) return 'handle';
  if (value === 'handle' || value === 'family' || value === 'task') return value;
  throw new OAuthError('invalid_request', 'malformed_request', 'cascade is not one that is known');
}

function selectorOf(handle: Handle, cascade: Cascade): HandleSelector {
  if (cascade === 'family') return { scope: 'family', id: handle.familyId };
  if (cascade === 'task' && handle.task !== undefined) {
    return { scope: 'task', id: handle.task, subjectId: handle.subject.id };
  }
  return { scope: 'handle', id: handle.id };
}

/** RFC 7009 section 2.2.1: what is not a handle, and is said to be of a kind that we never issue, was not revoked here. */
function refuseRefreshToken(form: Form): void {
  if (form.one('token_type_hint') !== 'refresh_token') return;
  throw new OAuthError(
    'unsupported_token_type',
    'not_supported',
    'a refresh token: only handles can be revoked here',
  );
}
