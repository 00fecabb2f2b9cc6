import { type SecretStore } from '#credentials';
import { type RotationState } from '#events';
import {
  isAtRest,
  type LeasedRotation,
  type RotatedSecrets,
  type Rotation,
  RotationEngine,
  type SecretFields,
} from '#rotation';
import { legacyFields, legacyValue, RotationRig } from '#testing';

const LEASE_MS = 5_000;
const TURNS_MAX = 400;

/** Where a rotation is stopped to see what becomes of it. */
export interface Stop {
  readonly state: RotationState;
  readonly kind: Rotation['kind'];
  /** How it gets there, where it does not by itself. */
  readonly way?: 'answer_lost' | 'out_of_sync';
  /** What it comes to when the secret store stays away for good. */
  readonly givenUp: RotationState;
}

/** Of its secret: each has one of its own. */
export const pathOf = ({ kind, state }: Stop): string => `legacy/${kind}-${state}`;

export interface TrialStores {
  readonly secrets: RotatedSecrets;
  readonly values: SecretStore;
  /** What an administrator writes. Resolves to the version. */
  readonly put: (path: string, fields: SecretFields) => Promise<number>;
}

/** A rotation by the engine of the rotators, of a made-up account with real secrets, in a time of its own. */
export class RotationTrial {
  readonly #rig: RotationRig;
  readonly #engine: RotationEngine;
  /** By version. */
  readonly #passwords = new Map<number, string>();
  #lease: LeasedRotation | undefined;

  constructor(
    readonly stop: Stop,
    private readonly stores: TrialStores,
    mount: string,
    deadlineMs: number,
  ) {
    const { kind, way } = stop;
    const path = pathOf(stop);
    const isExternal = kind === 'external';
    this.#rig = new RotationRig(
      { kind, ref: { mount, path }, ...(isExternal ? { origin: 'vault', toVersion: 2 } : {}) },
      { hasReconcile: way === 'out_of_sync' },
    );
    const { rotation, clock } = this.#rig;
    Object.assign(rotation, { deadlineAt: new Date(clock.now().getTime() + deadlineMs) });
    const { secrets, values } = stores;
    this.#engine = new RotationEngine({ ...this.#rig.parts(), secrets, values });
  }

  get name(): string {
    const { kind, state } = this.stop;
    return `${kind} ${state}`;
  }

  get rotation(): Rotation {
    return this.#rig.stored;
  }

  /** How many milliseconds it has been under way. */
  get ageMs(): number {
    return this.#rig.clock.now().getTime() - this.rotation.requestedAt.getTime();
  }

  get currentVersion(): number {
    return this.#credential.currentVersion;
  }

  /** Whether calls that begin now are let in; they use the current version then. */
  get takesCalls(): boolean {
    const { gate, state } = this.#credential;
    return gate === 'open' && state !== 'breaker_open' && state !== 'out_of_sync';
  }

  /** Whether the account takes the current version. */
  get currentWorks(): boolean {
    return this.#takes(this.#passwords.get(this.currentVersion) ?? '');
  }

  /** Up to the state where it is to be stopped, with nothing done in it yet. */
  async begin(): Promise<this> {
    const { book, store, rotation, account } = this.#rig;
    const { ref } = rotation;
    await this.stores.put(ref.path, legacyFields('first'));
    await book.adopt({ ref, resource: 'ledger', version: 1 }, []);
    if (rotation.origin === 'vault') {
      await this.stores.put(ref.path, legacyFields('second'));
      account.valid.add('second');
    }
    if (this.stop.way === 'answer_lost') account.fates.push('answer_lost');
    await store.request(rotation, []);
    for (let turns = 0; this.rotation.state !== this.stop.state; turns += 1) {
      if (turns === TURNS_MAX) throw new Error(`${this.name}: it stays ${this.rotation.state}`);
      if (this.stop.way === 'out_of_sync' && this.rotation.state === 'verifying') this.#drift();
      await this.advance();
    }
    await this.readVersions();
    return this;
  }

  /** What the versions hold, to know it while nobody can read them. */
  async readVersions(): Promise<void> {
    const { ref } = this.#rig.rotation;
    const { version: newest } = await this.stores.values.currentVersion(ref);
    for (let version = 1; version <= newest; version += 1) {
      const { fields } = await this.stores.values.read(ref, version);
      this.#passwords.set(version, legacyValue(fields));
    }
  }

  /** One step; time goes on to when it is due. */
  async advance(): Promise<void> {
    const { store, clock } = this.#rig;
    const { dueAt } = this.rotation;
    if (dueAt > clock.now()) clock.set(dueAt);
    this.#lease ??= await store.lease('trial', LEASE_MS);
    if (this.#lease === undefined) {
      clock.advance(LEASE_MS / 1_000);
      return;
    }
    const next = await this.#engine.advance(this.#lease);
    const isOver = isAtRest(next.state) || next.dueAt > clock.now();
    this.#lease = isOver ? undefined : { ...this.#lease, rotation: next };
  }

  /** Until it rests, or has been under way for so long. */
  async goOn(untilAgeMs = Infinity): Promise<void> {
    for (let turns = 0; !isAtRest(this.rotation.state) && this.ageMs < untilAgeMs; turns += 1) {
      if (turns === TURNS_MAX) throw new Error(`${this.name}: it stays ${this.rotation.state}`);
      await this.advance();
    }
  }

  get #credential() {
    return this.#rig.world.find(this.#rig.rotation.ref)!.credential;
  }

  #takes(password: string): boolean {
    this.#rig.account.settle();
    return this.#rig.account.valid.has(password);
  }

  /** Somebody gave the account another password: neither of ours works. */
  #drift(): void {
    this.#rig.account.valid = new Set(['of somebody else']);
  }
}
