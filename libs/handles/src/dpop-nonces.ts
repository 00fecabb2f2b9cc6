import {
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { decodeBase64Url, DPOP_CLOCK_SKEW_SECONDS } from '#identity';
import { epochSeconds } from '#kernel';

/** Which side's nonces they are: those of one are not valid on the other (RFC 9449 section 9). */
export type DpopNonceLabel = 'token' | 'proxy';

export interface DpopNoncesParts {
  /** 32 random bytes that all processes of the deployment share. */
  readonly key: Uint8Array;
  readonly label: DpopNonceLabel;
  /** How long a nonce is valid. Default 300. */
  readonly validSeconds?: number;
}

/** Bytes of the key that nonces are made with. */
export const DPOP_NONCE_KEY_BYTES = 32;
const VALID_SECONDS_DEFAULT = 300;
const TIME_BYTES = 8;
const RANDOM_BYTES = 16;
const MAC_BYTES = 16;
const NONCE_BYTES = TIME_BYTES + RANDOM_BYTES + MAC_BYTES;
/** Bytes as base64url without padding: four characters for three bytes. */
const NONCE_CHARACTERS = Math.ceil((NONCE_BYTES * 4) / 3);

/**
 * Nonces that a proof must carry (RFC 9449 sections 8 and 9), 54 characters of base64url. Nothing is stored: a nonce
 * carries its own time, and a MAC over it that only the holders of the key can make. Any process knows the nonces of
 * another.
 */
export class DpopNonces {
  readonly #key: KeyObject;
  readonly #label: DpopNonceLabel;
  readonly #validSeconds: number;

  /** @throws RangeError when the key is not 32 bytes. */
  constructor({ key, label, validSeconds = VALID_SECONDS_DEFAULT }: DpopNoncesParts) {
    if (key.length !== DPOP_NONCE_KEY_BYTES) {
      throw new RangeError(`the key of DPoP nonces is not ${DPOP_NONCE_KEY_BYTES} bytes long`);
    }
    this.#key = createSecretKey(key);
    this.#label = label;
    this.#validSeconds = validSeconds;
  }

  /** A fresh one. No two are alike. */
  issue(now: Date): string {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeBigUInt64BE(BigInt(epochSeconds(now)));
    const stamp = Buffer.concat([time, randomBytes(RANDOM_BYTES)]);
    return Buffer.concat([stamp, this.#mac(stamp)]).toString('base64url');
  }

  /** Whether it is one of ours, of this side, and young enough. */
  isValid(nonce: string, now: Date): boolean {
    if (nonce.length !== NONCE_CHARACTERS) return false;
    const bytes = decodeBase64Url(nonce);
    if (bytes?.length !== NONCE_BYTES) return false;
    const stamp = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    if (!timingSafeEqual(this.#mac(stamp), bytes.subarray(stamp.length))) return false;
    const ageSeconds = now.getTime() / 1000 - Number(stamp.readBigUInt64BE());
    // The MAC is ours: a time ahead of ours is another process's clock.
    return ageSeconds <= this.#validSeconds && ageSeconds >= -DPOP_CLOCK_SKEW_SECONDS;
  }

  #mac(stamp: Uint8Array): Buffer {
    return createHmac('sha256', this.#key)
      .update(`postern dpop nonce ${this.#label}\0`)
      .update(stamp)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
