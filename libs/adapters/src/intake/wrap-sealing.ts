import { CompactEncrypt, importJWK } from 'jose';
import { PosternError, type Secret, sha256OfParts } from '#kernel';
import { type IntakeKey } from '#rotation';

/** RFC 7518 sections 4.6 and 5.3. */
export const SEALING = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', typ: 'postern-wrap' } as const;
export const WRAPPING_TOKEN_CHARACTERS_MAX = 2_048;

/** `hvs.` Vault, `s.` OpenBao and Vault before 1.10. Their random part has more than 128 bits. */
const WRAPPING_TOKEN = /^(?:hvs|s)\.[A-Za-z0-9._-]{20,}$/;
const FINGERPRINT_DIGITS = 32;

/** What was handed over cannot be a wrapping token. */
export class WrappingTokenRefused extends PosternError {
  override readonly code = 'wrapping-token-refused';

  constructor() {
    super(
      'this is no wrapping token: expected what `vault kv get -wrap-ttl=10m` prints as wrapping_token, ' +
        `which begins with hvs. or s. and has at most ${WRAPPING_TOKEN_CHARACTERS_MAX} characters; ` +
        'none in the format of a JWT, which is of the root namespace wherever its value was read',
    );
  }
}

/**
 * The wrapping token as a compact JWE (RFC 7516) that the rotators alone can open, at most 4 KiB.
 * @throws WrappingTokenRefused
 */
export async function sealWrap({ kid, jwk }: IntakeKey, wrappingToken: Secret): Promise<string> {
  const plaintext = new TextEncoder().encode(textOf(wrappingToken));
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ ...SEALING, kid })
    .encrypt(await importJWK({ ...jwk }, SEALING.alg));
}

/** @throws WrappingTokenRefused */
export const assertWrappingToken = (wrappingToken: Secret): void => void textOf(wrappingToken);

/**
 * Tells one wrapping token from another in events and tables. Of nothing else a fingerprint is made: that of a short
 * secret, handed over by mistake, would give it away.
 * @throws WrappingTokenRefused
 */
export const wrapFingerprint = (wrappingToken: Secret): string =>
  sha256OfParts(['postern wrapping token', textOf(wrappingToken)]).slice(0, FINGERPRINT_DIGITS);

/** @throws WrappingTokenRefused */
function textOf(wrappingToken: Secret): string {
  const text = wrappingToken.reveal();
  if (text.length > WRAPPING_TOKEN_CHARACTERS_MAX || !WRAPPING_TOKEN.test(text)) {
    throw new WrappingTokenRefused();
  }
  return text;
}
