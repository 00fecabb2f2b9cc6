import { type SecretVersion } from '#credentials';
import { type ProxiedResource } from '../proxied-resource.js';
import { searchTerms } from '../scrub/search-terms.js';
import { CredentialSessions } from '../sessions/credential-sessions.js';
import { RetiredSessions } from '../sessions/retired-sessions.js';
import { type InjectorPorts } from './injector-for.js';
import { openerFor, opensSession, type SessionPorts } from './opener-for.js';
import { PreparedCredential } from './prepared-credential.js';

/** What calls are given: the credential itself, or sessions where the secret only opens one. */
export type Prepared =
  | { readonly sessions: undefined; readonly credential: PreparedCredential }
  | { readonly sessions: CredentialSessions };

interface Entry {
  readonly secret: SecretVersion;
  readonly prepared: Prepared;
}

/**
 * Keeps what was prepared for the version in use: one entry a resource object, valid for one secret version object. Two
 * resources never share an entry, even when they share a secret.
 */
export class PreparedCredentials {
  readonly #entries = new WeakMap<ProxiedResource, Entry>();

  /** Of the versions in use. */
  readonly #sessions = new Set<CredentialSessions>();
  readonly #retired: RetiredSessions;

  constructor(private readonly ports: InjectorPorts & SessionPorts) {
    this.#retired = new RetiredSessions(ports.clock);
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  of(resource: ProxiedResource, secret: SecretVersion): Prepared {
    const entry = this.#entries.get(resource);
    if (entry?.secret === secret) return entry.prepared;
    const prepared = this.#prepare(resource, secret);
    this.#entries.set(resource, { secret, prepared });
    this.#changed(entry?.prepared.sessions, prepared.sessions);
    return prepared;
  }

  /** Forgets sessions that are over, and closes those that no call has any more; call it about once a second. */
  sweep(): Promise<void> {
    for (const sessions of this.#sessions) sessions.sweep();
    return this.#retired.closeDue();
  }

  /** Handles that have sessions of their own. */
  *holders(): Iterable<string> {
    for (const sessions of this.#sessions) yield* sessions.holders;
  }

  /** Of handles that have ended. Resolves when their sessions are closed, as far as that can be done. */
  endSessionsOf(handleIds: ReadonlySet<string>): Promise<void> {
    for (const sessions of this.#sessions) sessions.endOf(handleIds);
    return this.#retired.closeDue();
  }

  /** Closes all sessions. */
  close(): Promise<void> {
    for (const sessions of this.#sessions) sessions.retire();
    return this.#retired.closeAll();
  }

  #changed(before: CredentialSessions | undefined, after: CredentialSessions | undefined): void {
    if (before !== undefined) {
      this.#sessions.delete(before);
      before.retire();
    }
    if (after !== undefined) this.#sessions.add(after);
  }

  #prepare(resource: ProxiedResource, secret: SecretVersion): Prepared {
    const { injection, scrub, limits } = resource;
    if (!opensSession(injection)) {
      const credential = PreparedCredential.prepare({ injection, scrub }, secret, this.ports);
      return { sessions: undefined, credential };
    }
    const opener = openerFor(injection, { resource, secret }, this.ports);
    if (scrub !== 'off') searchTerms(opener.confidential); // Before anything is opened.
    return {
      sessions: new CredentialSessions({
        opener,
        credential: { version: secret.version, scrub },
        clock: this.ports.clock,
        retired: this.#retired,
        callMsMax: limits.totalTimeoutMs,
      }),
    };
  }
}
