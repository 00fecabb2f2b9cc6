import { type SecretVersion } from '#credentials';
import { PosternError } from '#kernel';
import { type ProxiedResource } from '../proxied-resource.js';
import { ConfidentialVersions } from '../scrub/confidential-versions.js';
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
  /** Of its value, whatever a session adds to it. */
  readonly confidential: readonly string[];
}

/** Of a managed credential: the current version, the one to fall back on, and one that calls under way may have. */
const VERSIONS_MAX = 3;

type FindVersion = (resource: ProxiedResource, version: number) => SecretVersion | undefined;

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
  /** Of the entries. */
  readonly #confidential = new WeakMap<ProxiedResource, ConfidentialVersions>();

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

  /**
   * Values that calls of other processes put on already must not come back to calls of this one either: prepares the
   * versions of which it has other ones. Of what cannot be prepared a call will be told.
   */
  foresee(versionsOf: (resource: ProxiedResource) => readonly number[], find: FindVersion): void {
    for (const resource of this.#managed) {
      const entries = this.#entries.get(resource) ?? [];
      if (entries.length === 0) continue;
      for (const version of versionsOf(resource)) {
        if (entries.some(({ secret }) => secret.version === version)) continue;
        const secret = find(resource, version);
        if (secret !== undefined) this.#foreseen(resource, secret);
      }
    }
  }

  #foreseen(resource: ProxiedResource, secret: SecretVersion): void {
    try {
      this.ofManaged(resource, secret);
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
    }
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
    const entry = this.#prepare(resource, secret);
    const { prepared } = entry;
    if (prepared.sessions !== undefined) this.#sessions.add(prepared.sessions);
    this.#keep(resource, others, [entry, ...kept]);
    return prepared;
  }

  #keep(resource: ProxiedResource, before: readonly Entry[], kept: readonly Entry[]): void {
    if (kept.length === before.length && kept[0] === before[0]) return;
    this.#entries.set(resource, kept);
    this.#confidentialOf(resource).are(kept.flatMap(({ confidential }) => confidential));
    for (const entry of before) {
      const { sessions } = entry.prepared;
      if (sessions === undefined || kept.includes(entry)) continue;
      this.#sessions.delete(sessions);
      sessions.retire();
    }
  }

  #confidentialOf(resource: ProxiedResource): ConfidentialVersions {
    let versions = this.#confidential.get(resource);
    if (versions === undefined) {
      versions = new ConfidentialVersions();
      this.#confidential.set(resource, versions);
    }
    return versions;
  }

  #prepare(resource: ProxiedResource, secret: SecretVersion): Entry {
    const { injection, scrub, limits } = resource;
    const besides = this.#confidentialOf(resource).texts;
    if (!opensSession(injection)) {
      const direct = { injection, scrub, besides };
      const credential = PreparedCredential.prepare(direct, secret, this.ports);
      const { confidential } = credential;
      return { secret, prepared: { sessions: undefined, credential }, confidential };
    }
    const opener = openerFor(injection, { resource, secret }, this.ports);
    if (scrub !== 'off') searchTerms(opener.confidential); // Before anything is opened.
    const sessions = new CredentialSessions({
      opener,
      credential: { version: secret.version, scrub, besides },
      clock: this.ports.clock,
      retired: this.#retired,
      callMsMax: limits.totalTimeoutMs,
    });
    return { secret, prepared: { sessions }, confidential: opener.confidential };
  }
}
