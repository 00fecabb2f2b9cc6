import { type KeyObject } from 'node:crypto';
import { rsaProblem } from './rsa-problem.js';

/** P-256, P-384 and P-521, as OpenSSL calls them. */
const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Why the public key of a certificate must not be trusted, or undefined. */
export function certificateKeyProblem(key: KeyObject): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return rsaNumbersProblem(key);
    case 'ec':
      return CURVES.includes(key.asymmetricKeyDetails?.namedCurve)
        ? undefined
        : 'its key is on a curve that is not accepted';
    case 'ed25519':
      return undefined;
    default:
      return 'its key is of a kind that is not accepted';
  }
}

function rsaNumbersProblem(key: KeyObject): string | undefined {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  return rsaProblem(Buffer.from(n, 'base64url'), Buffer.from(e, 'base64url'));
}
