import { decodeBase64Url } from './base64url.js';
import { type PublishedJwk } from './key-source.js';
import { rsaProblem } from './rsa-problem.js';

/** The public numbers of a key (RFC 7518 section 6, RFC 8037), and nothing else that its issuer published with them. */
export type PublicMembers =
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | {
      readonly kty: 'EC';
      readonly crv: 'P-256' | 'P-384' | 'P-521';
      readonly x: string;
      readonly y: string;
    }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };

/** Private or symmetric material (RFC 7518 section 6): a key that everybody can read signs for everybody. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

const COORDINATE_BYTES = { 'P-256': 32, 'P-384': 48, 'P-521': 66, Ed25519: 32 } as const;

/** The members, or a sentence on why the key must not be used. */
export function readPublicMembers(jwk: PublishedJwk): PublicMembers | string {
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    return 'it is published with private or symmetric members';
  }
  switch (jwk['kty']) {
    case 'RSA':
      return readRsa(jwk);
    case 'EC':
      return readEc(jwk);
    case 'OKP':
      return readOkp(jwk);
    default:
      return 'its "kty" is not RSA, EC or OKP';
  }
}

function readRsa({ n, e }: PublishedJwk): PublicMembers | string {
  const modulus = readBytes(n);
  const exponent = readBytes(e);
  if (modulus === undefined || exponent === undefined) return 'its "n" or "e" is not base64url';
  const problem = rsaProblem(modulus, exponent);
  return problem ?? { kty: 'RSA', n: n as string, e: e as string };
}

function readEc({ crv, x, y }: PublishedJwk): PublicMembers | string {
  if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521') return 'its "crv" is not accepted';
  const bytes = COORDINATE_BYTES[crv];
  if (readBytes(x)?.length !== bytes || readBytes(y)?.length !== bytes) {
    return 'its "x" or "y" is not a coordinate of its curve';
  }
  return { kty: 'EC', crv, x: x as string, y: y as string };
}

function readOkp({ crv, x }: PublishedJwk): PublicMembers | string {
  if (crv !== 'Ed25519') return 'its "crv" is not accepted';
  if (readBytes(x)?.length !== COORDINATE_BYTES[crv]) return 'its "x" is not an Ed25519 key';
  return { kty: 'OKP', crv, x: x as string };
}

const readBytes = (member: unknown): Buffer | undefined =>
  typeof member === 'string' ? decodeBase64Url(member) : undefined;
