import {
  type IssuerDeclaration,
  IssuerRegistry,
  SubjectTokenVerifier,
  type VerifiedToken,
} from '#identity';
import { FixedClock } from './fixed-clock.js';
import { InMemoryKeySource } from './in-memory-key-source.js';
import { type TestAlgorithm, TestIssuer } from './token-builder.js';

/** A verifier with one registered issuer, its keys, and the clock that all three share. */
export interface VerifierUnderTest {
  readonly verifier: SubjectTokenVerifier;
  readonly issuer: TestIssuer;
  readonly keys: InMemoryKeySource;
  readonly clock: FixedClock;
}

/** Trusts the issuer `https://idp.test`, for the audience `https://postern.test`. */
export async function aVerifier(
  declared: Partial<IssuerDeclaration> = {},
  algorithm: TestAlgorithm = 'ES256',
): Promise<VerifierUnderTest> {
  const clock = new FixedClock();
  const issuer = await TestIssuer.create({ issuer: 'https://idp.test', algorithm, clock });
  const keys = InMemoryKeySource.of([issuer], clock);
  const issuers = IssuerRegistry.of([issuer.declaration(declared)]);
  const audience = 'https://postern.test';
  return {
    verifier: new SubjectTokenVerifier({ issuers, keys, clock, audience }),
    issuer,
    keys,
    clock,
  };
}

/** Verifies a well-formed token with these claims replaced, for an issuer declared like this. */
export async function verifyMinted(
  claims: Readonly<Record<string, unknown>>,
  declared: Partial<IssuerDeclaration> = {},
): Promise<VerifiedToken> {
  const { verifier, issuer } = await aVerifier(declared);
  return verifier.verify(await issuer.mint(claims));
}
