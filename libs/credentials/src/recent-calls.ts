const SLOT_MS = 5_000;
const SLOTS = 12;

/** How many calls began in the last minute, counted in twelve slots of five seconds. */
export class RecentCalls {
  readonly #slots = new Uint32Array(SLOTS);
  #newest: number;

  constructor(nowMs: number) {
    this.#newest = Math.floor(nowMs / SLOT_MS);
  }

  add(nowMs: number): void {
    this.#advance(nowMs);
    const slot = this.#newest % SLOTS;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
  }

  /** Of the last 55 to 60 seconds. */
  count(nowMs: number): number {
    this.#advance(nowMs);
    let calls = 0;
    for (const ofSlot of this.#slots) calls += ofSlot;
    return calls;
  }

  #advance(nowMs: number): void {
    const newest = Math.floor(nowMs / SLOT_MS);
    const passed = Math.min(newest - this.#newest, SLOTS);
    for (let step = 0; step < passed; step += 1) this.#slots[(newest - step) % SLOTS] = 0;
    this.#newest = Math.max(newest, this.#newest);
  }
}
