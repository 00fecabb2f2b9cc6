import { type ManagedCredential } from '#credentials';
import { EventFactory } from '#events';
import { type CredentialProbe, type Rotation, type SecretFields } from '#rotation';
import { type SecretRef } from '#credentials';
import {
  aRotation,
  FixedClock,
  InMemoryCredentialBook,
  InMemoryLoginBudget,
  InMemoryRotatedSecrets,
  InMemoryRotationStore,
  InMemoryRotationWorld,
  InMemorySealedWraps,
  InMemorySecretStore,
  InMemoryWrappingTokens,
  LegacyProbe,
  legacyValue,
  ROTATION_REQUESTED_AT,
  TEST_ROTATED_REF as ref,
} from '#testing';
import { ReplicatedAccount } from './replicated-account.js';
import { type Scenario } from './rotation-scenario.js';
import { SeededChance } from './seeded-chance.js';

/** Tells which values are pending. */
class SeenSecrets extends InMemoryRotatedSecrets {
  readonly pending = new Map<string, string>();

  override async stage(at: SecretRef, id: string, fields: SecretFields): Promise<void> {
    await super.stage(at, id, fields);
    if (!this.pending.has(id)) this.pending.set(id, legacyValue(fields));
  }

  override async discard(at: SecretRef, id: string): Promise<void> {
    await super.discard(at, id);
    this.pending.delete(id);
  }
}

/** The stores, the legacy account and the rotation of one run, in memory, by one clock. */
export class RotationParts {
  readonly clock = new FixedClock(ROTATION_REQUESTED_AT);
  readonly chance: SeededChance;
  readonly world = new InMemoryRotationWorld(this.clock);
  readonly values = new InMemorySecretStore();
  readonly secrets = new SeenSecrets(this.values);
  readonly store = new InMemoryRotationStore(this.world);
  readonly book = new InMemoryCredentialBook(this.world);
  readonly wrapping = new InMemoryWrappingTokens(this.clock);
  readonly wraps = new InMemorySealedWraps();
  readonly budget = new InMemoryLoginBudget(this.world);
  readonly events = new EventFactory({
    ...{ clock: this.clock, environment: 'test', deployment: 'model', component: 'rotator' },
  });
  readonly account: ReplicatedAccount;
  readonly probe: CredentialProbe;
  readonly rotation: Rotation;
  readonly problems: string[] = [];
  readonly #known = new Map<number, string>();

  constructor(readonly scenario: Scenario) {
    const { seed, kind, origin, trigger, fates, lag } = scenario;
    this.chance = new SeededChance(seed);
    // By a chance of its own: what the other scenarios meet stays as it was.
    const replicas = lag && { lag, chance: new SeededChance(seed * 104_729 + 5) };
    const slots = kind === 'single_slot' ? 1 : 2;
    this.account = new ReplicatedAccount(slots, 'first', this.clock, replicas);
    this.account.fates.push(...fates);
    this.probe = new LegacyProbe(this.account);
    this.rotation = aRotation({
      kind: origin === 'vault' ? 'external' : kind,
      ...{ origin, trigger, fromVersion: 1 },
    });
  }

  get elapsedMs(): number {
    return this.clock.now().getTime() - ROTATION_REQUESTED_AT.getTime();
  }

  get row(): ManagedCredential {
    return this.world.find(ref)!.credential;
  }

  /** As a proxy has it: it keeps what it has read. */
  async valueOfVersion(version: number): Promise<string | undefined> {
    const known = this.#known.get(version);
    if (known !== undefined) return known;
    const read = await this.values.read(ref, version).catch(() => undefined);
    const value = read === undefined ? undefined : legacyValue(read.fields);
    if (value !== undefined) this.#known.set(version, value);
    return value;
  }

  /** A value that works is in use, or pending. */
  checkValues(): void {
    const current = this.#known.get(this.row.currentVersion);
    if (current === undefined) return;
    const works = [current, ...this.secrets.pending.values()].some((value) =>
      this.account.valid.has(value),
    );
    if (!works && !this.problems.includes(NOTHING_WORKS)) this.problems.push(NOTHING_WORKS);
  }
}

const NOTHING_WORKS = 'neither the current value nor a pending one works';
