import * as crypto from 'node:crypto';
import { Buffer } from 'node:buffer';
import { PosternError } from '#kernel';
import { fromBase64 } from './strict-base64.js';

/** The key is none that checkpoints are signed with. The message says what was expected. */
export class CheckpointKeyRefused extends PosternError {
  override readonly code = 'audit-key-refused';
}

/** The public half of the Ed25519 key that signs checkpoints, with the name that notes know it by: that of the log. */
export interface CheckpointKey {
  readonly name: string;
  /** 4 bytes that stand for name and key in a note. */
  readonly id: Buffer;
  readonly publicKey: crypto.KeyObject;
}

/** `C2SP signed-note`: the byte that says Ed25519. */
const ED25519 = Buffer.of(1);
const PUBLIC_KEY_BYTES = 32;

/** @throws CheckpointKeyRefused when it is not Ed25519 */
export function checkpointKey(name: string, publicKey: crypto.KeyObject): CheckpointKey {
  const typed = Buffer.concat([ED25519, rawPublicKey(publicKey)]);
  const id = crypto.hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'buffer');
  return { name, id: id.subarray(0, 4), publicKey };
}

/** The key as tools of transparency logs write it: `<name>+<id>+<base64>`. */
export const verifierKey = ({ name, id, publicKey }: CheckpointKey): string =>
  `${name}+${id.toString('hex')}+${Buffer.concat([ED25519, rawPublicKey(publicKey)]).toString('base64')}`;

/**
 * A public key from a file: PEM (SubjectPublicKeyInfo), which says nothing of the log, or a verifier key, which does.
 * @throws CheckpointKeyRefused
 */
export function readPublicKey(text: string): {
  readonly publicKey: crypto.KeyObject;
  readonly name?: string;
} {
  const trimmed = text.trim();
  if (!trimmed.startsWith('-----BEGIN')) return readVerifierKey(trimmed);
  if (trimmed.includes('PRIVATE KEY')) {
    throw new CheckpointKeyRefused('that is a private key: give the public one, postern audit key');
  }
  return { publicKey: ed25519Of(trimmed) };
}

/** @throws CheckpointKeyRefused when the PEM is no Ed25519 key; the text of the key is not in the message */
export function ed25519Of(pem: string): crypto.KeyObject {
  let publicKey: crypto.KeyObject;
  try {
    publicKey = crypto.createPublicKey(pem);
  } catch {
    throw new CheckpointKeyRefused('expected a PEM of an Ed25519 key, and this cannot be read');
  }
  if (publicKey.asymmetricKeyType !== 'ed25519') {
    throw new CheckpointKeyRefused(
      `expected an Ed25519 key, and this is ${publicKey.asymmetricKeyType ?? 'none'}`,
    );
  }
  return publicKey;
}

function readVerifierKey(text: string): { publicKey: crypto.KeyObject; name: string } {
  const refused = new CheckpointKeyRefused(
    'expected a public key: PEM, or <name>+<id>+<base64> as postern audit key --verifier prints it',
  );
  const [name = '', id = '', encoded = '', ...more] = text.split('+');
  // The base64 may hold a "+" itself.
  const bytes = fromBase64([encoded, ...more].join('+'));
  if (bytes?.length !== PUBLIC_KEY_BYTES + 1 || bytes[0] !== ED25519[0]) throw refused;
  const publicKey = publicKeyOf(bytes.subarray(1));
  if (checkpointKey(name, publicKey).id.toString('hex') !== id) throw refused;
  return { publicKey, name };
}

/** From the 32 bytes of RFC 8032. */
export const publicKeyOf = (raw: Buffer): crypto.KeyObject =>
  crypto.createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });

function rawPublicKey(publicKey: crypto.KeyObject): Buffer {
  const { crv, x } = publicKey.export({ format: 'jwk' });
  if (crv !== 'Ed25519' || x === undefined) {
    throw new CheckpointKeyRefused('expected an Ed25519 key');
  }
  return Buffer.from(x, 'base64url');
}
