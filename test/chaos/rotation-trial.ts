import { type SecretStore } from '#credentials';
import { type RotationState } from '#events';
import { Secret, SystemClock } from '#kernel';
import { sealWrap, wrapFingerprint, type RotatorIntake } from '#adapters/intake';
import {
  isAtRest,
  type LeasedRotation,
  type RotatedSecrets,
  type Rotation,
  RotationEngine,
  type SecretFields,
  type WrappingTokens,
} from '#rotation';
import { legacyFields, legacyValue, RotationRig } from '#testing';

const LEASE_MS = 5_000;
const TURNS_MAX = 400;

/** Where a rotation is stopped to see what becomes of it. */
export interface Stop {
  readonly state: RotationState;
  readonly kind: Rotation['kind'];
  /** How it gets there, where it does not by itself. */
  readonly way?: 'answer_lost' | 'out_of_sync' | 'wrapped' | 'harmful';
  /** What it comes to when the secret store stays away for good. */
  readonly givenUp: RotationState;
  /** What it comes to when the secret store is well again; absent: `done`, with the second version. */
  readonly ends?: { readonly state: RotationState; readonly version: number };
}

/** Of its secret: each has one of its own. */
export const pathOf = ({ kind, state }: Stop): string => `legacy/${kind}-${state}`;

/** Where its administrator puts the next value, to read it wrapped. */
export const intakePathOf = ({ kind }: Stop): string => `intake/${kind}`;

export interface TrialStores {
  readonly secrets: RotatedSecrets;
  readonly values: SecretStore;
  /** What an administrator writes. Resolves to the version. */
  readonly put: (path: string, fields: SecretFields) => Promise<number>;
  /** What an administrator reads wrapped: the wrapping token. */
  readonly wrapRead: (path: string) => Promise<string>;
  readonly wrapping: WrappingTokens;
  readonly intake: RotatorIntake;
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
    private readonly mount: string,
    deadlineMs: number,
  ) {
    const { kind, way } = stop;
    const path = pathOf(stop);
    this.#rig = new RotationRig(
      {
        kind,
        ref: { mount, path },
        ...originOf(stop),
        ...timesFrom(new SystemClock().now(), deadlineMs),
      },
      { hasReconcile: way === 'out_of_sync' },
    );
    const { rotation, clock, plans } = this.#rig;
    clock.set(rotation.requestedAt);
    const plan = plans.get(rotation.resource)!;
    const wrapped = { ...plan.wrapped!, creationPath: `${mount}/data/${intakePathOf(stop)}` };
    plans.set(rotation.resource, { ...plan, wrapped });
    const { secrets, values, wrapping, intake: wraps } = stores;
    this.#engine = new RotationEngine({ ...this.#rig.parts(), secrets, values, wrapping, wraps });
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
    if (rotation.origin === 'vault') await this.stores.put(ref.path, legacyFields('second'));
    if (this.stop.kind === 'external') account.valid.add('second');
    if (this.stop.way === 'answer_lost') account.fates.push('answer_lost');
    await store.request({ ...rotation, ...(await this.#handedOver()) }, []);
    for (let turns = 0; this.rotation.state !== this.stop.state; turns += 1) {
      if (turns === TURNS_MAX) throw new Error(`${this.name}: it stays ${this.rotation.state}`);
      if (this.stop.way === 'out_of_sync' && this.rotation.state === 'verifying') this.#drift();
      if (this.stop.way === 'harmful' && this.rotation.state === 'promoted') await this.#harm();
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

  /** A wrapping token that is a real one, sealed to the intake key of the rotators. */
  async #handedOver(): Promise<Pick<Rotation, 'wrap'>> {
    if (this.#rig.rotation.origin !== 'wrapped') return { wrap: undefined };
    const { put, wrapRead, intake } = this.stores;
    const path = intakePathOf(this.stop);
    await put(path, legacyFields('second'));
    const wrappingToken = Secret.of(await wrapRead(`${this.mount}/data/${path}`));
    const sealedToken = await sealWrap(await intake.publish(), wrappingToken);
    const fingerprint = wrapFingerprint(wrappingToken);
    return { wrap: { sealedToken, fingerprint, told: undefined, unwrapStartedAt: undefined } };
  }

  /** Calls are refused with the new version that the old one gets through. */
  async #harm(): Promise<void> {
    const { ref } = this.#rig.rotation;
    const refusals = ['call-1', 'call-2', 'call-3'].map((callId) => ({
      ...{ ref, version: 2, status: 401 },
      ...{ callId, fallbackWorked: true },
    }));
    await this.#rig.census.refused(refusals);
  }

  /** Somebody gave the account another password: neither of ours works. */
  #drift(): void {
    this.#rig.account.valid = new Set(['of somebody else']);
  }
}

function originOf({ kind, way }: Stop): Partial<Rotation> {
  if (way === 'wrapped') return { origin: 'wrapped' };
  return kind === 'external' ? { origin: 'vault', toVersion: 2 } : {};
}

/** Wrapping tokens are made in the time of the server. */
const timesFrom = (now: Date, deadlineMs: number): Partial<Rotation> => ({
  ...{ requestedAt: now, stateSince: now, dueAt: now },
  deadlineAt: new Date(now.getTime() + deadlineMs),
});
