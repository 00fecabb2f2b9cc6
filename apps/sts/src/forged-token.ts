import { generateKeyPair, SignJWT } from 'jose';
import { type IssuerRegistration, type KeySet, VerificationKeys } from '#identity';
import { type Clock, epochSeconds, randomId } from '#kernel';

/** The subject of what probes present: no grant should name it. */
export const PROBED_SUBJECT = 'postern-prober';
const LIFETIME_SECONDS = 60;

export interface ForgedTokenParts {
  readonly clock: Clock;
  /** The `aud` that would be accepted. */
  readonly audience: string;
}

/** How an issuer's tokens name their key, and the algorithm that it is for. */
interface KeyName {
  readonly keyId: string | undefined;
  readonly algorithm: string;
}

/**
 * A subject token as the issuer would sign it, under the name of one of its keys, and by another key that exists for
 * this token alone. But for the signature it is acceptable. Undefined when the issuer has no key that could be named.
 * @throws KeySetInvalid
 */
export async function forgedToken(
  issuer: IssuerRegistration,
  keySet: KeySet,
  parts: ForgedTokenParts,
): Promise<string | undefined> {
  const key = keyToName(issuer, keySet);
  if (key === undefined) return undefined;
  const { lifetime, claims } = claimsFor(issuer);
  return signed(key, typeFor(issuer), { ...parts, lifetime, claims });
}

/** A subject token of somebody who is not registered. */
export function strangersToken(parts: ForgedTokenParts): Promise<string> {
  const key = { keyId: randomId('key'), algorithm: 'ES256' };
  const claims = { iss: 'https://unregistered.postern-prober.invalid', sub: PROBED_SUBJECT };
  return signed(key, 'JWT', { ...parts, lifetime: LIFETIME_SECONDS, claims });
}

async function signed(
  { keyId, algorithm }: KeyName,
  typ: string,
  token: ForgedTokenParts & { readonly lifetime: number; readonly claims: object },
): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm);
  const issuedAt = epochSeconds(token.clock.now());
  return new SignJWT({ ...token.claims, jti: randomId('jti') })
    .setProtectedHeader({ alg: algorithm, typ, ...(keyId === undefined ? {} : { kid: keyId }) })
    .setAudience(token.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + token.lifetime)
    .sign(privateKey);
}

function claimsFor(issuer: IssuerRegistration): { lifetime: number; claims: object } {
  const required = [...issuer.requiredClaims].map(([name, value]): [string, unknown] => {
    const accepted: unknown = Array.isArray(value) ? value[0] : value;
    return [name, accepted];
  });
  const who =
    issuer.kind === 'spiffe'
      ? { sub: `${issuer.issuer}/${PROBED_SUBJECT}` }
      : { iss: issuer.issuer, sub: PROBED_SUBJECT };
  return {
    lifetime: Math.min(LIFETIME_SECONDS, issuer.maxLifetimeSeconds),
    claims: { ...Object.fromEntries(required), ...who },
  };
}

/** Registered in lower case; JWT-SVID section 2.3 wants its two in capitals. */
function typeFor({ types }: IssuerRegistration): string {
  const type = types.includes('jwt') ? 'jwt' : (types[0] ?? 'jwt');
  return type === 'jwt' || type === 'jose' ? type.toUpperCase() : type;
}

/** One that the verifier would choose. Curves come first: an RSA key takes a hundred times as long to make. */
function keyToName(issuer: IssuerRegistration, keySet: KeySet): KeyName | undefined {
  const keys = VerificationKeys.of(keySet, issuer.kind === 'spiffe' ? 'jwt-svid' : 'sig');
  const curvesFirst = [...issuer.algorithms].sort(
    (one, other) => Number(isRsa(one)) - Number(isRsa(other)),
  );
  const keyIds = new Set(keySet.keys.map(({ kid }) => (typeof kid === 'string' ? kid : undefined)));
  for (const algorithm of curvesFirst) {
    const accepted = issuer.kind === 'spiffe' ? [algorithm] : issuer.algorithms;
    for (const keyId of keyIds) {
      const fitting = keys.named(keyId).filter((key) => key.verifies(algorithm, accepted));
      if (fitting.length === 1) return { keyId, algorithm };
    }
  }
  return undefined;
}

const isRsa = (algorithm: string): boolean => /^(?:RS|PS)/.test(algorithm);
