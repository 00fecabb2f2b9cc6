import { type Digest, encodeBase62, sha256OfParts } from '#kernel';
import { type VerifiedToken } from '#identity';

/** RFC 7519 section 4.1.7: `jti` is unique for its issuer. Without one, the signing input stands for the token. */
export const subjectTokenKey = ({ identity, jti, signingInputDigest }: VerifiedToken): Digest =>
  jti === undefined
    ? sha256OfParts(['signing-input', identity.issuer, signingInputDigest])
    : sha256OfParts(['jti', identity.issuer, jti]);

/** The same for all handles of one subject token, also for those that are asked for at the same time. */
export const familyIdOf = (key: Digest): string => {
  const bytes = Buffer.from(sha256OfParts(['family', key]), 'hex').subarray(0, 16);
  return `fam_${encodeBase62(bytes, 22)}`;
};

/** How many exchanges the issuer's registration permits; undefined: any number. */
export function usesMax({ issuer: { tokenUse } }: VerifiedToken): number | undefined {
  switch (tokenUse.kind) {
    case 'once':
      return 1;
    case 'bounded':
      return tokenUse.uses;
    case 'reusable':
      return undefined;
  }
}
