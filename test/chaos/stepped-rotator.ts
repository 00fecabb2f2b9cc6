import {
  PostgresCredentialBook,
  type PostgresDatabase,
  PostgresLoginBudget,
  PostgresRotationStore,
  PostgresRotationUpkeep,
} from '#adapters/postgres';
import { VaultRotatedSecrets, VaultSecretStore, type VaultSettings } from '#adapters/vault';
import { type SecretRef } from '#credentials';
import { EventFactory, type RotationState } from '#events';
import { SystemClock } from '#kernel';
import {
  isAtRest,
  type LeasedRotation,
  type Rotation,
  RotationEngine,
  ROTATION_LEASE_MS,
} from '#rotation';
import {
  aRotation,
  type LegacyAccount,
  LegacyChanger,
  LegacyProbe,
  legacyValue,
  rotationTerms,
} from '#testing';

const OBSERVE_MS = 300;
const DRAIN_MS = 5_000;
const DEADLINE_MS = 30 * 60_000;
const STEPS_MAX = 2_000;

export interface SteppedRotatorParts {
  /** As the rotator has it. */
  readonly database: PostgresDatabase;
  /** As the owner has it. */
  readonly owner: PostgresDatabase;
  readonly vault: VaultSettings;
  readonly account: LegacyAccount;
  readonly ref: SecretRef;
}

/** The engine of the rotators over real stores, one step at a time, so that it can be stopped in any state. */
export class SteppedRotator {
  readonly #clock = new SystemClock();
  readonly #store: PostgresRotationStore;
  readonly #book: PostgresCredentialBook;
  readonly #engine: RotationEngine;
  readonly #values: VaultSecretStore;
  readonly #opened: readonly { close(): Promise<void> }[];
  #id = '';
  #lease: LeasedRotation | undefined;

  constructor(private readonly parts: SteppedRotatorParts) {
    const { database, vault: settings, account, ref } = parts;
    const clock = this.#clock;
    const secrets = new VaultRotatedSecrets({ settings, clock });
    const values = new VaultSecretStore({ settings, clock });
    this.#values = values;
    this.#opened = [secrets, values];
    this.#store = new PostgresRotationStore(database);
    this.#book = new PostgresCredentialBook(database);
    const plan = {
      ...rotationTerms({ ref, kind: 'dual_slot', observeMs: OBSERVE_MS, drainMs: DRAIN_MS }),
      changer: new LegacyChanger(account, false),
      probe: new LegacyProbe(account),
    };
    const origin = { clock, environment: 'dev', deployment: 'test', component: 'rotator' } as const;
    this.#engine = new RotationEngine({
      ...{ store: this.#store, book: this.#book, secrets, values, clock },
      ...{ wrapping: undefined, wraps: undefined, plans: new Map([['ledger', plan]]) },
      budget: new PostgresLoginBudget(database),
      upkeep: new PostgresRotationUpkeep(database),
      events: new EventFactory(origin),
    });
  }

  /** Takes the credential in hand with its first version. */
  async adopt(): Promise<void> {
    await this.#book.adopt({ ref: this.parts.ref, resource: 'ledger', version: 1 }, []);
  }

  /** The next one, with two values. */
  async request(): Promise<void> {
    const now = this.#clock.now();
    const times = { requestedAt: now, stateSince: now, dueAt: now };
    const deadlineAt = new Date(now.getTime() + DEADLINE_MS);
    const { ref } = this.parts;
    const rotation = aRotation({ kind: 'dual_slot', ref, ...times, deadlineAt });
    this.#id = rotation.id;
    await this.#store.request(rotation, []);
  }

  async rotation(): Promise<Rotation> {
    return (await this.#store.list({ id: this.#id, limit: 1 }))[0]!;
  }

  /** What calls that begin now are to come with. */
  async currentValue(): Promise<string> {
    const { ref } = this.parts;
    const credential = await this.#book.find(ref);
    return legacyValue((await this.#values.read(ref, credential!.currentVersion)).fields);
  }

  /** One step, where one is due or `now` makes it so; what it came to. */
  async step(now: 'now' | 'when due' = 'when due'): Promise<Rotation> {
    if (now === 'now') await this.#makeDue();
    this.#lease ??= await this.#store.lease('stepped', ROTATION_LEASE_MS);
    const lease = this.#lease;
    if (lease === undefined) return this.rotation();
    this.#lease = undefined;
    const next = await this.#engine.advance(lease);
    // As the process does: what goes on at once is known to be fresh.
    const isOver = isAtRest(next.state) || next.dueAt > this.#clock.now();
    if (!isOver) this.#lease = { ...lease, rotation: next };
    return next;
  }

  /** Until it comes into that state, with nothing done in it yet. */
  async to(state: RotationState): Promise<void> {
    let rotation = await this.rotation();
    for (let steps = 0; rotation.state !== state; steps += 1) {
      if (steps === STEPS_MAX || isAtRest(rotation.state)) {
        throw new Error(`it is ${rotation.state} (${rotation.errorClass ?? 'no error'})`);
      }
      // What has to be waited for, such as that calls drain, is looked at as often as it takes.
      rotation = await this.step('now');
    }
  }

  /** What the rotators do about a credential whose calls were stopped, once they have seen that its value works. */
  async closeBreaker(): Promise<void> {
    const { ref } = this.parts;
    const credential = await this.#book.find(ref);
    await this.#book.closeBreaker(ref, credential!.currentVersion, []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((one) => one.close()));
  }

  async #makeDue(): Promise<void> {
    await this.parts.owner.query(
      'update public.rotation set due_at = least(due_at, now()) where ended_at is null',
    );
  }
}
