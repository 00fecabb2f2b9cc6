import { compactVerify, type CryptoKey } from 'jose';
import { checkDpopClaims, type DpopClaims, type DpopRequest } from './dpop-claims.js';
import { parseDpopForm } from './dpop-form.js';
import { type DpopHeader, readDpopHeader } from './dpop-header.js';
import { DpopProofRejected } from './dpop-proof-rejected.js';

/** What a proof must be made for, and how it may be signed. */
export interface DpopExpectation extends DpopRequest {
  /** Those of DPOP_ALGORITHMS that are accepted; any other that is named here is refused all the same. */
  readonly algorithms: readonly string[];
}

/** A proof that was made for the request, recently, by whoever holds the key. Not yet known to be used once only. */
export interface VerifiedDpopProof extends DpopClaims {
  /** RFC 7638 SHA-256 thumbprint of the key, base64url: what a handle is bound to. */
  readonly jkt: string;
}

/**
 * Checks one DPoP proof by RFC 9449 section 4.3: form, then signature, then claims. Whether its nonce is ours (step 10)
 * and whether it was used before (section 11.1) is for the caller.
 * @throws DpopProofRejected
 */
export async function verifyDpopProof(
  proof: string,
  expected: DpopExpectation,
): Promise<VerifiedDpopProof> {
  const { header, claims } = parseDpopForm(proof);
  const signed = await readDpopHeader(header, expected.algorithms);
  await verifySignature(proof, signed);
  return { jkt: signed.jkt, ...checkDpopClaims(claims, expected) };
}

async function verifySignature(proof: string, header: DpopHeader): Promise<void> {
  const key = await importKey(header);
  try {
    await compactVerify(proof, key, { algorithms: [header.algorithm] });
  } catch (error) {
    throw new DpopProofRejected('its signature does not verify', { cause: error });
  }
}

async function importKey({ key, algorithm }: DpopHeader): Promise<CryptoKey> {
  try {
    return await key.cryptoKey(algorithm);
  } catch (error) {
    throw new DpopProofRejected('its jwk is not a key of its kind', { cause: error });
  }
}
