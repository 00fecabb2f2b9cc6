import { type Handle } from '#handles';
import { type Clock } from '#kernel';
import { type AnswerHead } from '../injectors/injector.js';
import {
  type HeldSession,
  PreparedCredential,
  type SessionParts,
} from '../injectors/prepared-credential.js';
import { type OpeningGate } from './opening-gate.js';
import { type RetiredSessions } from './retired-sessions.js';
import { type OpenedSession, type SessionOpener } from './session-opener.js';

/** An answer ends a session once in this time: a destination that refuses every session is not worth new ones. */
const ENDED_BY_ANSWER_MS_MIN = 10_000;

export interface SlotParts {
  readonly opener: SessionOpener;
  readonly gate: OpeningGate;
  readonly clock: Clock;
  readonly retired: RetiredSessions;
  /** The longest that a call with a session may take. */
  readonly callMsMax: number;
  /** Version of the secret, and whether responses are scrubbed, of what besides. */
  readonly credential: Pick<SessionParts, 'version' | 'scrub' | 'besides'>;
}

interface Live {
  readonly opened: OpenedSession;
  readonly credential: PreparedCredential;
}

/** The sessions of one key, one after the other. Whoever needs one while it is being opened waits for the same. */
export class SessionSlot {
  #live: Live | undefined;
  #opening: Promise<PreparedCredential> | undefined;
  #isRetired = false;
  #answerEndsFromMs = -Infinity;
  #callMsMax: number;

  constructor(private readonly parts: SlotParts) {
    this.#callMsMax = parts.callMsMax;
  }

  /** A promise only when there is none to use. @throws PosternError */
  current(handle: Handle): PreparedCredential | Promise<PreparedCredential> {
    const now = this.parts.clock.now();
    const live = this.#live;
    if (live === undefined || now >= live.opened.usableUntil) return this.#open(handle);
    if (now >= live.opened.renewFrom && !this.parts.gate.isPaused) {
      this.#open(handle).catch(() => undefined); // The one in use is still good; who needs the next will be told.
    }
    return live.credential;
  }

  /** Whether it has nothing that a call could be given. */
  isOver(now: Date): boolean {
    if (this.#opening !== undefined) return false;
    return this.#live === undefined || now >= this.#live.opened.usableUntil;
  }

  /** No call gets its session any more; one that is being opened goes to those who wait for it, and no further. */
  retire(): void {
    this.#isRetired = true;
    this.#replace(undefined);
  }

  /** As `retire`, when no call that has its session is under way any more. */
  end(): void {
    this.#callMsMax = 0;
    this.retire();
  }

  #replace(next: Live | undefined): void {
    if (this.#live !== undefined) this.parts.retired.add(this.#live.opened, this.#callMsMax);
    this.#live = next;
    if (this.#isRetired && next !== undefined) this.#replace(undefined);
  }

  #open(handle: Handle): Promise<PreparedCredential> {
    this.#opening ??= this.#opened(handle).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #opened(handle: Handle): Promise<PreparedCredential> {
    const { opener, gate } = this.parts;
    const live = await gate.pass(async () => {
      const opened = await opener.open(handle);
      return { opened, credential: this.#prepared(opened, handle) };
    });
    this.#replace(live);
    return live.credential;
  }

  #prepared(opened: OpenedSession, handle: Handle): PreparedCredential {
    const session: HeldSession = {
      endedBy: (answer) => this.#endedBy(opened, answer),
      renewed: async () => this.current(handle),
      keep: (answer) => opened.keep?.(answer) ?? answer.rawHeaders,
    };
    const { opener, credential } = this.parts;
    return PreparedCredential.ofSession(
      { ...credential, injector: opened.injector, confidential: opener.confidential },
      session,
    );
  }

  /** A session that was replaced already may be answered by the one in its place. */
  #endedBy(opened: OpenedSession, answer: AnswerHead): boolean {
    if (!opened.endedBy(answer)) return false;
    if (this.#live !== undefined && this.#live.opened !== opened) return true;
    const nowMs = this.parts.clock.now().getTime();
    if (this.#live === undefined) return true;
    if (nowMs < this.#answerEndsFromMs) return false;
    this.#answerEndsFromMs = nowMs + ENDED_BY_ANSWER_MS_MIN;
    this.#live = undefined;
    return true;
  }
}
