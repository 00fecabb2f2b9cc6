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
    const key = this.#parts.opener.keyOf(handle);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = new SessionSlot(this.#parts);
      this.#slots.set(key, slot);
    }
    return slot.current(handle);
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
