import { LRUCache } from 'lru-cache';
import { type Handle } from '#handles';
import { type PreparedCredential } from '../injectors/prepared-credential.js';
import { OpeningGate } from './opening-gate.js';
import { SessionSlot, type SlotParts } from './session-slot.js';

/** Each holds the search terms of its session, 64 KiB and more; the one used the longest ago goes first. */
const SESSIONS_MAX = 256;

/** The sessions that were opened with one version of the secret of one resource. They end with it. */
export class CredentialSessions {
  readonly #slots = new LRUCache<string, SessionSlot>({
    max: SESSIONS_MAX,
    dispose: (slot) => slot.retire(),
  });
  readonly #parts: SlotParts;

  constructor(parts: Omit<SlotParts, 'gate'>) {
    this.#parts = { ...parts, gate: new OpeningGate(parts.clock) };
  }

  /** A promise only when a session has to be opened. @throws PosternError */
  current(handle: Handle): PreparedCredential | Promise<PreparedCredential> {
    const key = this.#isShared ? '' : handle.id;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new SessionSlot(this.#parts);
      this.#slots.set(key, slot);
    }
    return slot.current(handle);
  }

  /** The handles that have a session of their own. */
  get holders(): Iterable<string> {
    return this.#isShared ? [] : this.#slots.keys();
  }

  /** These handles have ended, and their calls are cut: what sessions they have are closed at once. */
  endOf(handleIds: Iterable<string>): void {
    if (this.#isShared) return;
    for (const id of handleIds) {
      this.#slots.peek(id)?.end();
      this.#slots.delete(id);
    }
  }

  get #isShared(): boolean {
    return this.#parts.opener.holder === 'resource';
  }

  /** Forgets sessions that are over. */
  sweep(): void {
    const now = this.#parts.clock.now();
    for (const [key, slot] of this.#slots.entries()) if (slot.isOver(now)) this.#slots.delete(key);
  }

  /** No call gets one of them any more. */
  retire(): void {
    this.#slots.clear();
  }
}
