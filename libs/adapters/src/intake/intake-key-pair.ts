import {
  calculateJwkThumbprint,
  compactDecrypt,
  type CryptoKey,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
} from 'jose';
import { z } from 'zod';
import { Secret } from '#kernel';
import { type IntakeKey } from '#rotation';
import { SEALING } from './wrap-sealing.js';

const CURVE = 'P-256';
/** Of a JWE that holds the longest wrapping token, with room to spare. */
const SEALED_CHARACTERS_MAX = 8_192;

const privateJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal(CURVE),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});

/** The rotators' key pair. The private half cannot be taken out again. */
export class IntakeKeyPair {
  private constructor(
    private readonly privateKey: CryptoKey,
    readonly published: IntakeKey,
  ) {}

  /** Undefined: that text holds no such key. */
  static async of(text: Secret): Promise<IntakeKeyPair | undefined> {
    const jwk = privateJwk.safeParse(parsed(text.reveal())).data;
    if (jwk === undefined) return undefined;
    const { kty, crv, x, y } = jwk;
    const kid = await calculateJwkThumbprint({ kty, crv, x, y }, 'sha256');
    const imported = await importJWK(jwk, SEALING.alg).catch(() => undefined);
    if (imported === undefined || imported instanceof Uint8Array) return undefined;
    const published = { kty, crv, x, y, kid, use: 'enc', alg: SEALING.alg };
    return new IntakeKeyPair(imported, { kid, jwk: published });
  }

  /** A new one, as the text that `of` takes. */
  static async generate(): Promise<Secret> {
    const { privateKey } = await generateKeyPair(SEALING.alg, { crv: CURVE, extractable: true });
    const { kty, crv, x, y, d } = await exportJWK(privateKey);
    return Secret.of(JSON.stringify({ kty, crv, x, y, d }));
  }

  /** Whether it says that it is sealed to this key. */
  isFor(sealed: string): boolean {
    return sealed.length <= SEALED_CHARACTERS_MAX && kidOf(sealed) === this.published.kid;
  }

  /** Undefined: it was not sealed to this key, or it was altered. */
  async open(sealed: string): Promise<Secret | undefined> {
    if (!this.isFor(sealed)) return undefined;
    return compactDecrypt(sealed, this.privateKey, {
      keyManagementAlgorithms: [SEALING.alg],
      contentEncryptionAlgorithms: [SEALING.enc],
      maxDecompressedLength: 0, // Nothing that we seal is compressed.
    }).then(
      ({ plaintext, protectedHeader }) =>
        protectedHeader.typ === SEALING.typ
          ? Secret.of(new TextDecoder().decode(plaintext))
          : undefined,
      () => undefined,
    );
  }
}

function kidOf(sealed: string): unknown {
  try {
    return decodeProtectedHeader(sealed).kid;
  } catch {
    return undefined; // No JWE at all.
  }
}

/** JSON.parse quotes what it cannot read, so its error ends here. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
