import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { PosternError, sha256OfParts } from '#kernel';

const CIPHER = 'aes-256-gcm';
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARACTERS = 16;

/** The sealing key, or its file, cannot be used. The message names the file and says what to do. */
export class SealKeyRefused extends PosternError {
  override readonly code = 'seal-key-refused';
}

export interface SealedText {
  readonly nonce: Buffer;
  /** With the tag at its end. */
  readonly ciphertext: Buffer;
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, good for 2^32 texts under one key. What a text belongs to
 * is authenticated with it, so that no text can be passed off as another's.
 */
export class SealKey {
  readonly #key: KeyObject;
  /** Tells keys apart; says nothing of the key. */
  readonly id: string;

  private constructor(bytes: Buffer) {
    this.#key = createSecretKey(bytes);
    this.id = sha256OfParts(['postern seal key id', bytes.toString('base64')]).slice(
      0,
      KEY_ID_CHARACTERS,
    );
  }

  /** @throws SealKeyRefused unless it is 32 bytes */
  static of(bytes: Buffer): SealKey {
    if (bytes.length !== KEY_BYTES) {
      throw new SealKeyRefused(`a seal key has ${KEY_BYTES} bytes, this one has ${bytes.length}`);
    }
    return new SealKey(bytes);
  }

  seal(text: string, belongsTo: readonly string[]): SealedText {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(this.#authenticated(belongsTo));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return { nonce, ciphertext: Buffer.concat([body, cipher.getAuthTag()]) };
  }

  /** Undefined when one bit of the text, or of what it belongs to, is not as it was sealed. */
  unseal({ nonce, ciphertext }: SealedText, belongsTo: readonly string[]): string | undefined {
    if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(this.#authenticated(belongsTo));
    decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
    const body = decipher.update(ciphertext.subarray(0, -TAG_BYTES));
    try {
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    } catch {
      return undefined; // The one failure that `final` has: the tag does not match.
    }
  }

  /** Each part after its length: two lists of parts never give the same bytes. */
  #authenticated(belongsTo: readonly string[]): Buffer {
    return Buffer.concat(
      ['postern sealed secret 1', this.id, ...belongsTo].flatMap((part) => {
        const bytes = Buffer.from(part, 'utf8');
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        return [length, bytes];
      }),
    );
  }
}
