import { type ManagedCredential } from '#credentials';
import { EventFactory, type RotationState } from '#events';
import {
  isAtRest,
  type LeasedRotation,
  type Rotation,
  RotationEngine,
  type RotationEngineParts,
  type RotationPlan,
} from '#rotation';
import { FixedClock } from './fixed-clock.js';
import { InMemoryCredentialBook } from './in-memory-credential-book.js';
import { InMemoryCredentialCensus } from './in-memory-credential-census.js';
import { InMemoryLoginBudget } from './in-memory-login-budget.js';
import { InMemoryRotatedSecrets } from './in-memory-rotated-secrets.js';
import { InMemoryRotationStore } from './in-memory-rotation-store.js';
import { InMemoryRotationUpkeep } from './in-memory-rotation-upkeep.js';
import { InMemoryRotationWorld } from './in-memory-rotation-world.js';
import { InMemorySealedWraps } from './in-memory-sealed-wraps.js';
import { InMemorySecretStore } from './in-memory-secret-store.js';
import { InMemoryWrappingTokens } from './in-memory-wrapping-tokens.js';
import {
  LegacyAccount,
  LegacyChanger,
  legacyFields,
  LegacyProbe,
  legacyValue,
} from './legacy-account.js';
import {
  aRotation,
  ROTATION_REQUESTED_AT,
  rotationTerms,
  TEST_ROTATED_REF as ref,
} from './rotation-builders.js';

/** Where wrapping tokens are expected to have been made. */
export const RIG_CREATION_PATH = 'secret/data/intake/ledger';

/** A rotation without proxies, and nothing that goes wrong by itself. */
export class RotationRig {
  readonly clock = new FixedClock(ROTATION_REQUESTED_AT);
  readonly world = new InMemoryRotationWorld(this.clock);
  readonly values = new InMemorySecretStore();
  readonly secrets = new InMemoryRotatedSecrets(this.values);
  readonly store = new InMemoryRotationStore(this.world);
  readonly book = new InMemoryCredentialBook(this.world);
  readonly wrapping = new InMemoryWrappingTokens(this.clock);
  readonly wraps = new InMemorySealedWraps();
  readonly events = new EventFactory({
    ...{ clock: this.clock, environment: 'test', deployment: 'rig', component: 'rotator' },
  });
  readonly census = new InMemoryCredentialCensus(this.world, this.events);
  readonly account: LegacyAccount;
  readonly rotation: Rotation;
  readonly plans = new Map<string, RotationPlan>();
  /** Each state that it came into. */
  readonly states: RotationState[] = [];
  engine: RotationEngine;

  constructor(rotation: Partial<Rotation> = {}, { hasReconcile = false } = {}) {
    this.rotation = aRotation(rotation);
    const { kind } = this.rotation;
    this.account = new LegacyAccount(kind === 'single_slot' ? 1 : 2, 'first', this.clock);
    const { account } = this;
    this.plans.set('ledger', {
      ...rotationTerms({ kind, observeMs: 60_000, drainMs: 900_000 }),
      wrapped: { creationPath: RIG_CREATION_PATH, ttlSecondsMax: 900, ageSecondsMax: 900 },
      changer: kind === 'external' ? undefined : new LegacyChanger(account, hasReconcile),
      probe: new LegacyProbe(account),
    });
    this.engine = new RotationEngine(this.parts());
  }

  parts(): RotationEngineParts {
    const { store, book, secrets, values, wrapping, wraps, plans, events, clock } = this;
    const budget = new InMemoryLoginBudget(this.world);
    const upkeep = new InMemoryRotationUpkeep(this.world);
    return {
      ...{ store, book, secrets, values, budget, upkeep, wrapping, wraps, plans, events },
      clock,
    };
  }

  get credential(): ManagedCredential {
    return this.world.find(ref)!.credential;
  }

  get stored(): Rotation {
    return this.world.rotations.get(this.rotation.id)!.rotation;
  }

  async begin(): Promise<this> {
    await this.values.put(ref, legacyFields('first'));
    await this.book.adopt({ ref, resource: 'ledger', version: 1 }, []);
    await this.store.request(this.rotation, []);
    return this;
  }

  /** As far as it goes, through every wait, until it rests or comes into that state. */
  async runTo(until?: RotationState): Promise<Rotation> {
    for (let turns = 0; turns < 500; turns += 1) {
      const { stored } = this;
      if (isAtRest(stored.state) || stored.state === until) return stored;
      if (stored.dueAt > this.clock.now()) this.clock.set(stored.dueAt);
      const lease = await this.store.lease('rig', 5_000);
      if (lease === undefined) this.clock.advance(1);
      else await this.#work(lease, until);
    }
    throw new Error(`it stays ${this.stored.state}: ${this.stored.errorClass ?? ''}`);
  }

  async #work(first: LeasedRotation, until?: RotationState): Promise<void> {
    let lease = first;
    while (lease.rotation.dueAt <= this.clock.now() && lease.rotation.state !== until) {
      const before = lease.rotation.state;
      lease = { ...lease, rotation: await this.engine.advance(lease) };
      const { state } = lease.rotation;
      if (state !== before) this.states.push(state);
      if (isAtRest(state)) return;
    }
  }

  /** Is called before each step from here on. */
  beforeEachStep(act: () => Promise<void>): void {
    const engine = this.engine;
    this.engine = Object.create(engine, {
      advance: {
        value: async (lease: LeasedRotation) => {
          await act();
          return engine.advance(lease);
        },
      },
    }) as RotationEngine;
  }

  async valueInUse(): Promise<string> {
    return legacyValue((await this.values.read(ref, this.credential.currentVersion)).fields);
  }
}
