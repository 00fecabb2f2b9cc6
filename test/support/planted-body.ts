import { createHash, type Hash, randomBytes } from 'node:crypto';

const CHUNK_BYTES = 64 * 1024;
const CHUNKS_A_SECRET = 16;

/**
 * A body of any size without holding it: random bytes, no two chunks alike. The secret is cut in two by every 16th
 * chunk boundary, each time at another byte. Its digests are those of what was taken so far.
 */
export class PlantedBody {
  readonly #noise = randomBytes(CHUNK_BYTES);
  readonly #sent: Hash = createHash('sha256');
  readonly #scrubbed: Hash = createHash('sha256');
  #taken = 0;
  #planted = 0;

  constructor(
    readonly bytes: number,
    private readonly secret: string,
  ) {
    if (bytes % CHUNK_BYTES !== 0) throw new RangeError(`not a multiple of ${CHUNK_BYTES} bytes`);
  }

  get taken(): number {
    return this.#taken;
  }

  /** How many secrets are in what was taken. */
  get planted(): number {
    return this.#planted;
  }

  /** Undefined when all was taken. */
  next(): Buffer | undefined {
    if (this.#taken >= this.bytes) return undefined;
    const chunk = this.#chunk(this.secret);
    this.#sent.update(chunk);
    this.#scrubbed.update(this.#chunk('*'.repeat(this.secret.length)));
    this.#taken += CHUNK_BYTES;
    if (this.#headBytes(this.#taken / CHUNK_BYTES) > 0) this.#planted += 1;
    return chunk;
  }

  /** SHA-256 in hex of all that was taken, as it is and with `*` for each secret. Once. */
  digests(): { readonly asSent: string; readonly scrubbed: string } {
    return { asSent: this.#sent.digest('hex'), scrubbed: this.#scrubbed.digest('hex') };
  }

  #chunk(planted: string): Buffer {
    const nth = this.#taken / CHUNK_BYTES;
    const chunk = Buffer.from(this.#noise);
    chunk.writeUInt32BE(nth, CHUNK_BYTES / 2);
    const before = this.#headBytes(nth);
    if (before > 0) chunk.write(planted.slice(before), 0, 'latin1');
    const after = this.#headBytes(nth + 1);
    if (after > 0) chunk.write(planted.slice(0, after), CHUNK_BYTES - after, 'latin1');
    return chunk;
  }

  /** How much of a secret is in front of the boundary before chunk `nth`; 0: there is none. */
  #headBytes(nth: number): number {
    const isLast = nth * CHUNK_BYTES >= this.bytes;
    if (nth === 0 || isLast || nth % CHUNKS_A_SECRET !== 0) return 0;
    return 1 + ((nth / CHUNKS_A_SECRET) % (this.secret.length - 1));
  }
}

/** Takes chunks, and may stop taking. */
interface Writing {
  write(chunk: Buffer): boolean;
  end(): unknown;
  once(event: 'drain', listener: () => void): unknown;
  readonly destroyed: boolean;
}

/** Writes a body as fast as the other side takes it. */
export function pour(body: PlantedBody, to: Writing): void {
  while (!to.destroyed) {
    const chunk = body.next();
    if (chunk === undefined) {
      to.end();
      return;
    }
    if (!to.write(chunk)) {
      to.once('drain', () => pour(body, to));
      return;
    }
  }
}
