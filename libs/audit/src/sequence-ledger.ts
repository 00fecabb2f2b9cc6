import * as crypto from 'node:crypto';
import { Buffer } from 'node:buffer';

const FIRST_SLOTS = 1024;
const SALT_BYTES = 32;

/**
 * The last `sequence` of each partition key, in 16 bytes a slot, of which at most two thirds are in use: an export has
 * as many keys as there were handles, and a Map of them would not fit. Keys are told apart by 64 bits of their SHA-256 with
 * a salt of the moment: who chooses keys cannot choose two that count as one, nor many for one slot.
 */
export class SequenceLedger {
  readonly #salt = crypto.randomBytes(SALT_BYTES);
  #slots = FIRST_SLOTS;
  #used = 0;
  #prints = new Uint32Array(2 * FIRST_SLOTS);
  /** 0: free; sequences begin at 1. */
  #sequences = new Float64Array(FIRST_SLOTS);

  /** Partition keys seen. */
  get size(): number {
    return this.#used;
  }

  /** Keeps the sequence, from 1, and returns the one before, 0 when the key is new. */
  replace(partitionKey: string, sequence: number): number {
    const salted = Buffer.concat([this.#salt, Buffer.from(partitionKey)]);
    const print = crypto.hash('sha256', salted, 'buffer');
    const slot = this.#slotOf(print.readUInt32LE(0), print.readUInt32LE(4));
    const before = this.#sequences[slot] ?? 0;
    this.#sequences[slot] = sequence;
    if (before === 0) this.#occupy(slot, print.readUInt32LE(0), print.readUInt32LE(4));
    return before;
  }

  #occupy(slot: number, low: number, high: number): void {
    this.#prints[2 * slot] = low;
    this.#prints[2 * slot + 1] = high;
    this.#used += 1;
    if (this.#used > (this.#slots * 2) / 3) this.#grow();
  }

  /** The slot of the print, or the free one where it belongs. */
  #slotOf(low: number, high: number): number {
    let slot = low % this.#slots;
    while (
      this.#sequences[slot] !== 0 &&
      (this.#prints[2 * slot] !== low || this.#prints[2 * slot + 1] !== high)
    ) {
      slot = (slot + 1) % this.#slots;
    }
    return slot;
  }

  #grow(): void {
    const [prints, sequences] = [this.#prints, this.#sequences];
    this.#slots *= 2;
    this.#prints = new Uint32Array(2 * this.#slots);
    this.#sequences = new Float64Array(this.#slots);
    for (const [slot, sequence] of sequences.entries()) {
      if (sequence === 0) continue;
      const [low, high] = [prints[2 * slot] ?? 0, prints[2 * slot + 1] ?? 0];
      const at = this.#slotOf(low, high);
      this.#prints[2 * at] = low;
      this.#prints[2 * at + 1] = high;
      this.#sequences[at] = sequence;
    }
  }
}
