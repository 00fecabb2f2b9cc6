import { inspect } from 'node:util';
import { type SecretVersion } from '#credentials';
import { type ProxiedResource } from '../proxied-resource.js';
import { type Confidential, LiveSearch } from '../scrub/live-search.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import { type AnswerHead, type Injector } from './injector.js';
import { injectorFor, type InjectorPorts } from './injector-for.js';
import { type DirectInjection } from './opener-for.js';

/** A resource whose secret itself is put on calls. */
export interface DirectResource {
  readonly injection: DirectInjection;
  readonly scrub: ProxiedResource['scrub'];
  /** What must not come back besides: see ConfidentialVersions. */
  readonly besides?: Confidential | undefined;
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
  /** What must not come back besides: see ConfidentialVersions. */
  readonly besides?: Confidential | undefined;
}

/**
 * One version of a secret, or a session that was opened with it, ready to be put on the calls of one resource, and to be
 * found in their responses. Made once a version or session. Prints as redacted.
 */
export class PreparedCredential {
  readonly #parts: SessionParts;
  readonly #search: LiveSearch | undefined;

  private constructor(
    parts: SessionParts,
    /** Undefined: what is put on calls is of the secret itself. */
    readonly session?: HeldSession,
  ) {
    this.#parts = parts;
    this.#search = parts.scrub === 'off' ? undefined : new LiveSearch(sourcesOf(parts));
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  static prepare(
    { injection, scrub, besides }: DirectResource,
    { version, fields }: SecretVersion,
    ports: InjectorPorts,
  ): PreparedCredential {
    const injector = injectorFor(injection, fields, ports);
    return new PreparedCredential({ version, injector, scrub, besides, confidential: [] });
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

  /** What to look for in responses; undefined when the registration says `scrub: off`. */
  get matcher(): TermSearch | undefined {
    return this.#search;
  }

  /**
   * As answers are searched for it when the call was sent with another version before: both must not come back. Of the
   * same version it is this itself.
   */
  sentAfter(other: PreparedCredential): Pick<PreparedCredential, 'matcher' | 'session'> {
    if (other.version === this.version) return this;
    const searches = [this.#search, other.#search];
    const sources = searches.flatMap((search) => search?.sources ?? []);
    const isSearched = !searches.includes(undefined);
    return { session: this.session, matcher: isSearched ? new LiveSearch(sources) : undefined };
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

/** What has to be kept confidential may change with an answer, such as a session or the realm of a challenge. */
const sourcesOf = ({ confidential, injector, besides }: SessionParts): readonly Confidential[] => [
  () => confidential,
  () => injector.confidential,
  ...(besides === undefined ? [] : [besides]),
];
