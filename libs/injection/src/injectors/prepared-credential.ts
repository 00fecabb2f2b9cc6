import { inspect } from 'node:util';
import { type SecretVersion } from '#credentials';
import { type ProxiedResource } from '../proxied-resource.js';
import { searchTerms } from '../scrub/search-terms.js';
import { TermMatcher } from '../scrub/term-matcher.js';
import { type AnswerHead, type Injector } from './injector.js';
import { injectorFor, type InjectorPorts } from './injector-for.js';
import { type DirectInjection } from './opener-for.js';

/** A resource whose secret itself is put on calls. */
export interface DirectResource {
  readonly injection: DirectInjection;
  readonly scrub: ProxiedResource['scrub'];
}

/** The session behind a credential that was opened with a secret and may end before the secret does. */
export interface HeldSession {
  /** Whether an answer says that the session is no more; it is put on no other call then. */
  endedBy(answer: AnswerHead): boolean;
  /** The credential of the session in its place. @throws PosternError */
  renewed(): Promise<PreparedCredential>;
  /** Takes what is of the session out of the head of an answer; the rest goes on. */
  readonly keep?: ((answer: AnswerHead) => readonly Buffer[]) | undefined;
}

export interface SessionParts {
  readonly version: number;
  readonly scrub: ProxiedResource['scrub'];
  readonly injector: Injector;
  /** Beside what the injector says: what the session was opened with. */
  readonly confidential: readonly string[];
}

/**
 * One version of a secret, or a session that was opened with it, ready to be put on the calls of one resource, and to be
 * found in their responses. Made once a version or session. Prints as redacted.
 */
export class PreparedCredential {
  readonly #parts: SessionParts;
  /** What to look for in responses; undefined when the registration says `scrub: off`. */
  #matcher: TermMatcher | undefined;
  /** Of the injector, as the matcher has it. */
  #searched: readonly string[];

  private constructor(
    parts: SessionParts,
    /** Undefined: what is put on calls is of the secret itself. */
    readonly session?: HeldSession,
  ) {
    this.#parts = parts;
    this.#searched = parts.injector.confidential;
    this.#matcher = matcherOf(parts);
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  static prepare(
    { injection, scrub }: DirectResource,
    { version, fields }: SecretVersion,
    ports: InjectorPorts,
  ): PreparedCredential {
    const injector = injectorFor(injection, fields, ports);
    return new PreparedCredential({ version, injector, scrub, confidential: [] });
  }

  /** @throws CredentialUnusable */
  static ofSession(parts: SessionParts, session: HeldSession): PreparedCredential {
    return new PreparedCredential(parts, session);
  }

  get version(): number {
    return this.#parts.version;
  }

  get injector(): Injector {
    return this.#parts.injector;
  }

  /** What has to be kept confidential may change with an answer, such as a session or the realm of a challenge. */
  get matcher(): TermMatcher | undefined {
    const { confidential } = this.#parts.injector;
    if (this.#searched !== confidential) {
      this.#matcher = matcherOf(this.#parts);
      this.#searched = confidential;
    }
    return this.#matcher;
  }

  /**
   * As answers are searched for it when the call was sent with another version before: both must not come back. Of the
   * same version it is this itself.
   */
  sentAfter(other: PreparedCredential): Pick<PreparedCredential, 'matcher' | 'session'> {
    if (other.version === this.version) return this;
    const { session } = this;
    const both = new BothSearched(this, other);
    return {
      session,
      get matcher() {
        return both.matcher;
      },
    };
  }

  /** Every text that must not come back; those of the injector may change with an answer. */
  get confidential(): readonly string[] {
    const { confidential, injector } = this.#parts;
    return [...confidential, ...injector.confidential];
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `PreparedCredential { version: ${this.version}, [redacted] }`;
  }
}

/** The terms of two credentials in one matcher, made anew when those of one have changed. */
class BothSearched {
  #made: readonly (TermMatcher | undefined)[] = [];
  #matcher: TermMatcher | undefined;

  constructor(
    private readonly one: PreparedCredential,
    private readonly other: PreparedCredential,
  ) {}

  get matcher(): TermMatcher | undefined {
    const { one, other } = this;
    const made = [one.matcher, other.matcher];
    if (made.includes(undefined)) return undefined;
    if (made.some((matcher, index) => matcher !== this.#made[index])) {
      this.#made = made;
      this.#matcher = new TermMatcher(searchTerms([...one.confidential, ...other.confidential]));
    }
    return this.#matcher;
  }
}

const matcherOf = ({ scrub, confidential, injector }: SessionParts): TermMatcher | undefined =>
  scrub === 'off'
    ? undefined
    : new TermMatcher(searchTerms([...confidential, ...injector.confidential]));
