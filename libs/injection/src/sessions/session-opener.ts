import { type Handle } from '#handles';
import { PosternError } from '#kernel';
import { type AnswerHead, type Injector } from '../injectors/injector.js';

/** What was opened with a secret, such as an access token: good for calls until it ends. */
export interface OpenedSession {
  readonly injector: Injector;
  /** From then on the next call has the one that follows opened, and does not wait for it. */
  readonly renewFrom: Date;
  /** From then on it is put on no call. */
  readonly usableUntil: Date;
  /** Whether this answer says that the destination does not take the session, or takes it no more. */
  endedBy(answer: AnswerHead): boolean;
  /** Takes what is of the session out of the head of an answer; the rest goes on. */
  keep?(answer: AnswerHead): readonly Buffer[];
  /** Ends it at the destination, as far as that can be done. Throws nothing. */
  close?(): Promise<void>;
}

/** Opens sessions with one version of the secret of one resource. */
export interface SessionOpener {
  /** Every text that must not come back, whatever is opened. */
  readonly confidential: readonly string[];
  /** Whose a session is: of one handle alone, or of all that call the resource. */
  readonly holder: 'handle' | 'resource';
  /** @throws PosternError, with a message that holds no value */
  open(holder: Pick<Handle, 'expiresAt'>): Promise<OpenedSession>;
}

/** There is no session, and none is opened now. Nothing was sent to the destination. */
export class SessionNotOpened extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(
    message: string,
    /** The destination answered the login, and did not take it: another try would be another failed login. */
    readonly isRefused = false,
  ) {
    super(message);
  }
}
