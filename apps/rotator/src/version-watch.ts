import { randomInt } from 'node:crypto';
import {
  credentialStateEvent,
  type ManagedCredential,
  refText,
  SecretNotFound,
  type SecretStore,
  type VersionMark,
} from '#credentials';
import { type EventFactory, type EventJournal } from '#events';
import { type Clock, randomId } from '#kernel';
import {
  type CredentialBook,
  type RequestOutcome,
  type RotationOrder,
  type RotationTerms,
} from '#rotation';
import { outOfSync } from './credential-told.js';

/** The way in for rotations that nobody asks for. */
export interface RotationRequests {
  request(order: RotationOrder): Promise<RequestOutcome>;
}

export type WatchedCredential = Pick<RotationTerms, 'ref' | 'resource'>;

export interface VersionWatchParts {
  readonly credentials: readonly WatchedCredential[];
  readonly secrets: Pick<SecretStore, 'currentVersion'>;
  readonly book: Pick<CredentialBook, 'adopt' | 'find'>;
  readonly requests: RotationRequests;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** Hears how each stands, at each look. */
  readonly onCredential: (resource: string, credential: ManagedCredential) => void;
  /** Get one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
  readonly onAlarm: (message: string) => void;
}

const LOOK_EVERY_MS = 10_000;
/** Looks are spread over this share of it on both sides, so that a fleet does not ask in step. */
const SPREAD = 0.2;
const SPREAD_STEPS = 1_000;
/** Asked about at once. */
const AT_ONCE_MAX = 16;

interface Watched {
  readonly credential: WatchedCredential;
  dueAtMs: number;
  /** When it was last known how it stands. */
  lookedAtMs: number;
  /** What was told of it last; undefined: all is well. */
  trouble: string | undefined;
}

/**
 * Looks every ten seconds at which version of each managed credential is the newest in the secret store. One that calls do
 * not use, and that no rotation has brought, is an administrator's: a rotation begins that takes it over. A credential
 * that is not managed yet is taken in hand.
 */
export class VersionWatch {
  readonly #watched: readonly Watched[];

  constructor(private readonly parts: VersionWatchParts) {
    const nowMs = parts.clock.now().getTime();
    this.#watched = parts.credentials.map((credential) => ({
      ...{ credential, dueAtMs: nowMs, lookedAtMs: nowMs, trouble: undefined },
    }));
  }

  /** Since all of them were looked at; 0 where there are none. */
  get ageSeconds(): number {
    const nowMs = this.parts.clock.now().getTime();
    return Math.max(0, ...this.#watched.map(({ lookedAtMs }) => nowMs - lookedAtMs)) / 1_000;
  }

  /** Whose version in use is not what the secret store has; undefined: of none. */
  get note(): string | undefined {
    const troubles = this.#watched.flatMap(({ trouble }) => trouble ?? []);
    return troubles.length === 0 ? undefined : troubles.join('; ');
  }

  /** Looks at those that are due; call it every second. Never rejects: what fails is told, and due again. */
  async look(): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    const due = this.#watched.filter(({ dueAtMs }) => dueAtMs <= nowMs).slice(0, AT_ONCE_MAX);
    await Promise.all(due.map((watched) => this.#lookAt(watched)));
  }

  /** At once, because something is wrong with it. */
  async lookNow(resource: string): Promise<void> {
    const watched = this.#watched.find(({ credential }) => credential.resource === resource);
    if (watched !== undefined) await this.#lookAt(watched);
  }

  async #lookAt(watched: Watched): Promise<void> {
    const { clock, onProblem } = this.parts;
    const spread = 1 + SPREAD * (randomInt(2 * SPREAD_STEPS + 1) / SPREAD_STEPS - 1);
    watched.dueAtMs = clock.now().getTime() + LOOK_EVERY_MS * spread;
    try {
      await this.#compare(watched);
      watched.lookedAtMs = clock.now().getTime();
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown failure';
      onProblem(`${watched.credential.resource}: ${reason}; its versions are looked at again`);
    }
  }

  /** The store is asked first: what a rotation has brought meanwhile is the current version by then, or the rotation is active. */
  async #compare(watched: Watched): Promise<void> {
    const { credential } = watched;
    const newest = await this.#newest(credential);
    const managed = await this.parts.book.find(credential.ref);
    if (managed === undefined) {
      await this.#adopt(watched, newest);
      return;
    }
    this.parts.onCredential(credential.resource, managed);
    if (newest === undefined || newest.version < managed.currentVersion) {
      await this.#missing(watched, managed, newest);
      return;
    }
    const isNewer = newest.version > managed.currentVersion;
    watched.trouble = isNewer ? await this.#takeOver(credential, newest) : undefined;
  }

  async #newest({ ref }: WatchedCredential): Promise<VersionMark | undefined> {
    try {
      return await this.parts.secrets.currentVersion(ref);
    } catch (error) {
      if (error instanceof SecretNotFound) return undefined;
      throw error;
    }
  }

  async #adopt(watched: Watched, newest: VersionMark | undefined): Promise<void> {
    const { book, events, clock, onProblem } = this.parts;
    const { ref, resource } = watched.credential;
    if (newest === undefined) {
      if (watched.trouble === undefined) onProblem(`${resource}: no secret at ${refText(ref)} yet`);
      watched.trouble = `${resource}: no secret at ${refText(ref)}`;
      return;
    }
    const { version } = newest;
    const told = { correlationId: randomId('wtc'), at: clock.now() };
    await book.adopt({ ref, resource, version }, [
      credentialStateEvent(events, adopted(resource, version), told),
    ]);
    watched.trouble = undefined;
  }

  async #missing(
    watched: Watched,
    managed: ManagedCredential,
    newest: VersionMark | undefined,
  ): Promise<void> {
    const { events, journal, onAlarm } = this.parts;
    const { ref, resource } = watched.credential;
    const found =
      newest === undefined ? 'has no readable newest version' : `ends at version ${newest.version}`;
    const trouble = `${resource}: ${refText(ref)} ${found}, and calls use version ${managed.currentVersion}`;
    if (watched.trouble === trouble) return;
    await journal.append([outOfSync(events, managed)]);
    watched.trouble = trouble;
    onAlarm(`${trouble}: they go on as long as that one can be read; write a value that works`);
  }

  /** Undefined unless it was taken over before, and calls do not use it all the same. */
  async #takeOver(
    { resource }: WatchedCredential,
    newest: VersionMark,
  ): Promise<string | undefined> {
    const { kind } = await this.parts.requests.request({
      resource,
      origin: 'vault',
      trigger: 'vault_change',
      toVersion: newest.version,
      // One that does not work is taken over once. A path that was deleted and written anew counts its versions again.
      occurrence: `vault:${newest.version}:${newest.writing}`,
      correlationId: randomId('wtc'),
    });
    if (kind !== 'repeated') return undefined;
    return `${resource}: version ${newest.version} is the newest, and was given up: calls use an older one`;
  }
}

/** How a credential stands when it is taken in hand. */
const adopted = (
  resource: string,
  currentVersion: number,
): Parameters<typeof credentialStateEvent>[1] => ({
  ...{ resource, currentVersion, fallbackVersion: undefined, epoch: 1, state: 'active' },
});
