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

/** Of a managed credential: the current version, the one to fall back on, and one that calls under way may have. */
const VERSIONS_MAX = 3;

interface Addition {
  readonly secret: SecretVersion;
  readonly others: readonly Entry[];
  /** Those of them that stay. */
  readonly kept: readonly Entry[];
}

/**
 * Keeps what was prepared for the versions in use, each valid for one secret version object: one of a resource object; of
 * one whose credential is managed three at most. Two resources never share an entry, even when they share a secret.
 */
export class PreparedCredentials {
  /** The one prepared last is the first. */
  readonly #entries = new WeakMap<ProxiedResource, readonly Entry[]>();
  /** Resources that may have more than one. */
  readonly #managed = new Set<ProxiedResource>();

  /** Of the versions in use. */
  readonly #sessions = new Set<CredentialSessions>();
  readonly #retired: RetiredSessions;

  constructor(private readonly ports: InjectorPorts & SessionPorts) {
    this.#retired = new RetiredSessions(ports.clock);
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  of(resource: ProxiedResource, secret: SecretVersion): Prepared {
    const entries = this.#entries.get(resource) ?? [];
    const newest = entries[0];
    if (newest?.secret === secret) return newest.prepared;
    return this.#added(resource, { secret, others: entries, kept: [] });
  }

  /** The same, beside other versions, which `sweep` ends. @throws CredentialFieldMissing, CredentialUnusable */
  ofManaged(resource: ProxiedResource, secret: SecretVersion): Prepared {
    const entries = this.#entries.get(resource) ?? [];
    const entry = entries.find((one) => one.secret === secret);
    if (entry !== undefined) return entry.prepared;
    this.#managed.add(resource);
    // A version that was written anew under its number is another one.
    const others = entries.filter((one) => one.secret.version !== secret.version);
    return this.#added(resource, {
      secret,
      others: entries,
      kept: others.slice(0, VERSIONS_MAX - 1),
    });
  }

  /**
   * Forgets sessions that are over, and closes those that no call has any more; call it about once a second. Of managed
   * credentials it ends the versions that are not wanted.
   */
  sweep(isWanted: (resource: ProxiedResource, version: number) => boolean): Promise<void> {
    for (const resource of this.#managed) {
      const entries = this.#entries.get(resource) ?? [];
      this.#keep(
        resource,
        entries,
        entries.filter(({ secret }) => isWanted(resource, secret.version)),
      );
    }
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

  #added(resource: ProxiedResource, { secret, others, kept }: Addition): Prepared {
    const prepared = this.#prepare(resource, secret);
    if (prepared.sessions !== undefined) this.#sessions.add(prepared.sessions);
    this.#keep(resource, others, [{ secret, prepared }, ...kept]);
    return prepared;
  }

  #keep(resource: ProxiedResource, before: readonly Entry[], kept: readonly Entry[]): void {
    if (kept.length === before.length && kept[0] === before[0]) return;
    this.#entries.set(resource, kept);
    for (const entry of before) {
      const { sessions } = entry.prepared;
      if (sessions === undefined || kept.includes(entry)) continue;
      this.#sessions.delete(sessions);
      sessions.retire();
    }
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
