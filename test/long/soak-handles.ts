import { setTimeout as pause } from 'node:timers/promises';
import { type PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { type Handle } from '#handles';
import { secondsAfter, SystemClock } from '#kernel';
import { aHandleRevokedEvent } from '#testing';
import { type StoredHandle, storedHandle } from '../support/stored-handle.js';
import { type ResourceName, RESOURCES } from './soak-settings.js';

const LIFE_SECONDS = 300;
const MAX_CALLS = 100_000;
/** In use at once of each resource. */
const IN_USE = 4;
/** A handle is given up so long before its end that no call with it meets it. */
const GIVEN_UP_AFTER_MS = 200_000;

interface InUse extends StoredHandle {
  readonly since: number;
}

/** The handles of the soak: always other ones, so that whatever remembers handles has more and more to remember. */
export class SoakHandles {
  readonly #store: PostgresHandleStore;
  readonly #clock = new SystemClock();
  readonly #inUse = new Map<ResourceName, InUse[]>();
  #next = 0;
  issued = 0;

  constructor(private readonly database: PostgresDatabase) {
    this.#store = new PostgresHandleStore(database);
  }

  async fill(): Promise<void> {
    for (let one = 0; one < IN_USE * RESOURCES.length; one += 1) await this.replaceOne();
  }

  /** Puts a new handle in the place of the oldest one, of the next resource. */
  async replaceOne(): Promise<void> {
    const resource = RESOURCES[this.#next % RESOURCES.length]!;
    this.#next += 1;
    const known = this.#inUse.get(resource) ?? [];
    this.#inUse.set(resource, known);
    known.push({ ...(await this.issue(resource)), since: this.#nowMs() });
    if (known.length > IN_USE) known.shift();
  }

  /** One of those that are in use. */
  some(resource: ResourceName): string {
    const known = this.#inUse.get(resource) ?? [];
    const young = known.filter(({ since }) => this.#nowMs() - since < GIVEN_UP_AFTER_MS);
    const chosen = young[Math.floor(Math.random() * young.length)];
    if (chosen === undefined) throw new Error(`no handle of ${resource} is young enough`);
    return chosen.plaintext;
  }

  async issue(resource: ResourceName, overrides: Partial<Handle> = {}): Promise<StoredHandle> {
    const expiresAt = secondsAfter(this.#clock.now(), LIFE_SECONDS);
    const handle = { resource, scopes: ['ledger.read'], maxCalls: MAX_CALLS, expiresAt };
    const issued = await storedHandle(this.database, { ...handle, ...overrides });
    this.issued += 1;
    return issued;
  }

  /** One that is dead when this resolves, by its age. */
  async expired(resource: ResourceName): Promise<StoredHandle> {
    const handle = await this.issue(resource, {
      expiresAt: secondsAfter(this.#clock.now(), 1),
    });
    await pause(1_100);
    return handle;
  }

  async revoke({ id }: StoredHandle): Promise<void> {
    await this.#store.revoke({
      selector: { scope: 'handle', id },
      at: this.#clock.now(),
      eventOf: aHandleRevokedEvent,
    });
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
