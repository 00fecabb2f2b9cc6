import {
  DpopNonceRequired,
  DpopProofInvalid,
  type Handle,
  parseDpopHeaders,
  type ProofOfPossession,
} from '#handles';
import { DependencyUnavailable, PosternError, sha256 } from '#kernel';
import { CallDenied } from './call-denied.js';
import { type CallContext, type IncomingCall } from './incoming-call.js';
import { type PresentedHandle } from './presented-handle.js';

export interface HeldKeyParts {
  readonly possession: ProofOfPossession;
  /** Without a trailing slash; a proof names it and nothing that the caller says of itself. */
  readonly publicOrigin: string;
}

interface Presentation {
  readonly presented: PresentedHandle;
  readonly incoming: Pick<IncomingCall, 'method' | 'url' | 'rawHeaders'>;
  readonly context: CallContext;
}

/** Whether whoever presents a handle holds the key that it is bound to (RFC 9449 section 7, RFC 8705 section 3). */
export class HeldKey {
  constructor(private readonly parts: HeldKeyParts) {}

  /** A bound handle is worth nothing without its key, and is never taken for an unbound one. @throws CallDenied */
  async assertHeld({ binding }: Handle, presentation: Presentation): Promise<void> {
    const { scheme } = presentation.presented;
    if (binding.kind === 'none' && scheme === 'dpop') throw unpresentable();
    if ((binding.kind === 'dpop') !== (scheme === 'dpop')) {
      throw mismatch(`the handle has binding ${binding.kind} and was presented as ${scheme}`);
    }
    if (scheme === 'basic' && binding.kind !== 'none') {
      throw mismatch('a handle that is bound to a key is never presented as basic');
    }
    if (binding.kind === 'dpop') await this.#assertProven(binding.jkt, presentation);
    if (binding.kind === 'mtls') assertCertificate(binding.x5tS256, presentation.context);
  }

  async #assertProven(jkt: string, { presented, incoming }: Presentation): Promise<void> {
    const { url = '', method = '', rawHeaders } = incoming;
    const path = url.split('?', 1)[0] ?? '';
    const proven = await this.parts.possession
      .check({
        proofs: parseDpopHeaders(rawHeaders),
        method,
        uri: `${this.parts.publicOrigin}${path}`,
        handle: presented.handle,
      })
      .catch((error: unknown) => rethrown(error));
    if (proven === undefined) throw unheld('the DPoP header is missing');
    if (proven.jkt !== jkt)
      throw mismatch('the proof is of another key than the handle is bound to');
  }
}

function assertCertificate(x5tS256: string, context: CallContext): void {
  const [leaf] = chainOf(context);
  if (leaf === undefined)
    throw mismatch('the handle is bound to a certificate, and none was presented');
  const presented = Buffer.from(sha256(leaf), 'hex').toString('base64url');
  if (presented !== x5tS256) throw mismatch('the handle is bound to another certificate');
}

function chainOf({ certificateChain }: CallContext): readonly Uint8Array[] {
  try {
    return certificateChain?.() ?? [];
  } catch (cause) {
    if (!(cause instanceof PosternError)) throw cause;
    throw mismatch(cause.message, cause);
  }
}

function rethrown(error: unknown): never {
  if (error instanceof DpopProofInvalid) throw unproven(error.message, error);
  if (error instanceof DpopNonceRequired) {
    const { nonce, message: detail } = error;
    const denial = { code: 'use_dpop_nonce', reason: 'proof_invalid', detail, nonce } as const;
    throw new CallDenied(denial, { cause: error });
  }
  if (error instanceof DependencyUnavailable) {
    const detail = 'whether the proof was used before cannot be told';
    const denial = {
      code: 'dependency-unavailable',
      reason: 'dependency_unavailable',
      detail,
    } as const;
    throw new CallDenied(denial, { cause: error });
  }
  throw error;
}

const mismatch = (detail: string, cause?: unknown): CallDenied =>
  new CallDenied({ code: 'invalid_token', reason: 'binding_mismatch', detail }, { cause });

/** There is nothing to prove: no key is missing. */
const unpresentable = (): CallDenied =>
  new CallDenied({
    code: 'invalid_token',
    reason: 'presentation_not_allowed',
    detail: 'the handle is bound to no key and was presented as dpop',
  });

const unheld = (detail: string): CallDenied =>
  new CallDenied({ code: 'invalid_dpop_proof', reason: 'binding_mismatch', detail });

// The key may well be held: a nonce that is too old, a clock that is wrong, or an answer that was lost.
const unproven = (detail: string, cause: unknown): CallDenied =>
  new CallDenied({ code: 'invalid_dpop_proof', reason: 'proof_invalid', detail }, { cause });
