import {
  DPOP_ALGORITHMS,
  DPOP_CLOCK_SKEW_SECONDS,
  DPOP_PROOF_AGE_SECONDS_MAX,
  DpopProofRejected,
  type VerifiedDpopProof,
  verifyDpopProof,
} from '#identity';
import { type Clock, secondsAfter, sha256, sha256OfParts } from '#kernel';
import { type DpopNonces } from './dpop-nonces.js';
import { DpopNonceRequired, DpopProofInvalid } from './dpop-refused.js';
import { type ProofUses } from './proof-uses.js';

export interface ProofOfPossessionParts {
  readonly uses: ProofUses;
  /** Undefined: proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  readonly clock: Clock;
  /** Those of DPOP_ALGORITHMS that are accepted. Default: all. */
  readonly algorithms?: readonly string[];
}

/** A request, as far as a proof is about it. */
export interface PresentedProof {
  /** The values of all DPoP header fields, as parseDpopHeaders gives them. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The public URL of the request, of the configured origin. Its query is ignored. */
  readonly uri: string;
  /** The handle that is presented along with the proof: the proof must name it. */
  readonly handle?: string;
}

/** How long a use is remembered after the proof's `iat`: as long as any process takes the proof, whatever its clock. */
const REMEMBERED_SECONDS = DPOP_PROOF_AGE_SECONDS_MAX + DPOP_CLOCK_SKEW_SECONDS;

/**
 * Judges the DPoP proof of a request (RFC 9449): form, signature, claims, nonce, and then whether it is used for the
 * first time. What is refused before is not remembered. May be used at once by many.
 */
export class ProofOfPossession {
  constructor(private readonly parts: ProofOfPossessionParts) {}

  /**
   * The thumbprint of the key that the caller proved to hold; undefined when there is no DPoP header at all. That the
   * handle is bound to this key is for the caller to check.
   * @throws DpopProofInvalid, DpopNonceRequired, and DependencyUnavailable when it is not known whether it was used.
   */
  async check(presented: PresentedProof): Promise<{ readonly jkt: string } | undefined> {
    const proof = onlyProof(presented.proofs);
    if (proof === undefined) return undefined;
    const verified = await this.#verify(proof, presented);
    this.#requireNonce(verified);
    await this.#useOnce(verified);
    return { jkt: verified.jkt };
  }

  /** A fresh nonce for an answer's `DPoP-Nonce` header; undefined when none is demanded. */
  nextNonce(): string | undefined {
    return this.parts.nonces?.issue(this.parts.clock.now());
  }

  async #verify(
    proof: string,
    { method, uri, handle }: PresentedProof,
  ): Promise<VerifiedDpopProof> {
    const { clock, algorithms = DPOP_ALGORITHMS } = this.parts;
    const hash = handle === undefined ? {} : { accessTokenHash: hashOf(handle) };
    try {
      return await verifyDpopProof(proof, { method, uri, now: clock.now(), algorithms, ...hash });
    } catch (error) {
      if (!(error instanceof DpopProofRejected)) throw error;
      throw new DpopProofInvalid(error.message, { cause: error });
    }
  }

  // RFC 9449 section 11.3: where nonces are demanded, a proof without one is never taken.
  #requireNonce({ nonce }: VerifiedDpopProof): void {
    const { nonces, clock } = this.parts;
    if (nonces === undefined) return;
    const now = clock.now();
    if (nonce !== undefined && nonces.isValid(nonce, now)) return;
    throw new DpopNonceRequired(nonces.issue(now));
  }

  /** Until an instant that counts from `iat`: from now it would be too early for a proof that is dated ahead. */
  async #useOnce({ jkt, htu, jti, issuedAt }: VerifiedDpopProof): Promise<void> {
    const until = secondsAfter(issuedAt, REMEMBERED_SECONDS);
    const use = await this.parts.uses.use(sha256OfParts(['dpop', jkt, htu, jti]), until);
    if (use !== 'first') throw new DpopProofInvalid('the DPoP proof was used before');
  }
}

function onlyProof(proofs: readonly string[]): string | undefined {
  const [proof, second] = proofs;
  if (second !== undefined) throw new DpopProofInvalid('there is more than one DPoP header');
  if (proof?.includes(',')) throw new DpopProofInvalid('the DPoP header holds more than one proof');
  return proof;
}

/** RFC 9449 section 4.2, `ath`: base64url of the SHA-256 of the handle. */
const hashOf = (handle: string): string => Buffer.from(sha256(handle), 'hex').toString('base64url');
