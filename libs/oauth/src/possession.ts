import { DpopNonceRequired, DpopProofInvalid, type Handle, type ProofOfPossession } from '#handles';
import { type VerifiedToken, x5tS256Of } from '#identity';
import { type BindingKind, type Proofs } from '#policy';
import { type CallerContext, certificateChainOf } from './caller-context.js';
import { refused } from './exchange-refusal.js';
import { OAuthError } from './oauth-error.js';
import { boundBy } from './presented-subject.js';

/** The keys that a caller has proven to hold. */
export interface ProvenKeys {
  readonly jkt: string | undefined;
  readonly x5tS256: string | undefined;
}

type Confirmation = VerifiedToken['confirmation'];

/** A request, as far as a proof is about it. */
export interface ProvenRequest {
  readonly context: CallerContext;
  readonly method: string;
  /** Its public URL. */
  readonly uri: string;
  /** The handle that is presented as such, which the proof must name. */
  readonly handle?: string;
}

/** @throws OAuthError invalid_dpop_proof, use_dpop_nonce; DependencyUnavailable */
export async function provenKeys(
  possession: ProofOfPossession,
  { context, method, uri, handle }: ProvenRequest,
): Promise<ProvenKeys> {
  const proofs = context.dpopProofs;
  const named = handle === undefined ? {} : { handle };
  const proven = await possession
    .check({ proofs, method, uri, ...named })
    .catch((error: unknown) => rethrown(error));
  const [leaf] = certificateChainOf(context);
  return { jkt: proven?.jkt, x5tS256: leaf === undefined ? undefined : x5tS256Of(leaf) };
}

/**
 * Whether who presents a handle proves to hold the key that it is bound to. One that is not bound needs no proof, and
 * none is looked at.
 * @throws as provenKeys()
 */
export async function isHeld(
  { binding }: Handle,
  possession: ProofOfPossession,
  request: Required<ProvenRequest>,
): Promise<boolean> {
  if (binding.kind === 'none') return true;
  const keys = await provenKeys(possession, request);
  return binding.kind === 'dpop' ? binding.jkt === keys.jkt : binding.x5tS256 === keys.x5tS256;
}

function rethrown(error: unknown): never {
  if (error instanceof DpopNonceRequired) {
    const { message, nonce } = error;
    throw new OAuthError('use_dpop_nonce', 'proof_invalid', message, { cause: error, nonce });
  }
  if (error instanceof DpopProofInvalid) throw proofInvalid(error.message, error);
  throw error;
}

export const proofInvalid = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_dpop_proof', 'proof_invalid', detail, { cause });

/**
 * What is presented against what is proven: everything that is bound to a key needs the proof of that very key, so that
 * a bound token is never laundered into a handle that is not (RFC 9449 section 5, RFC 8705 section 3).
 * @throws OAuthError invalid_request
 */
export function proofsOf(keys: ProvenKeys, confirmations: readonly Confirmation[]): Proofs {
  for (const confirmation of confirmations) assertProven(keys, confirmation);
  const bindings = new Set(confirmations.map(boundBy).filter((binding) => binding !== 'none'));
  const [binding, second] = bindings;
  if (bindings.has(undefined) || second !== undefined) {
    throw refused('binding_mismatch', 'what is presented is bound to two keys of two kinds');
  }
  return {
    dpop: keys.jkt !== undefined,
    mtls: keys.x5tS256 !== undefined,
    boundBy: (binding ?? 'none') satisfies BindingKind,
  };
}

/** Whether who presents it holds the keys that it is bound to; nothing bound needs none. */
export const isProven = (keys: ProvenKeys, confirmations: readonly Confirmation[]): boolean =>
  confirmations.every(
    (confirmation) =>
      (confirmation?.jkt === undefined || confirmation.jkt === keys.jkt) &&
      (confirmation?.x5tS256 === undefined || confirmation.x5tS256 === keys.x5tS256),
  );

function assertProven(keys: ProvenKeys, confirmation: Confirmation): void {
  const { jkt, x5tS256 } = confirmation ?? {};
  if (jkt !== undefined && jkt !== keys.jkt) {
    throw refused(
      'binding_mismatch',
      'a token is bound to a key, and no proof of that key was sent',
    );
  }
  if (x5tS256 !== undefined && x5tS256 !== keys.x5tS256) {
    throw refused('binding_mismatch', 'a token is bound to a certificate that was not presented');
  }
}
