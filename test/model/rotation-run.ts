import {
  isAtRest,
  type LeasedRotation,
  type Rotation,
  RotationEngine,
  type RotationEngineParts,
  RotationLeaseLost,
  ROTATION_LEASE_MS,
  type RotationPlan,
} from '#rotation';
import {
  InMemoryRotationUpkeep,
  LegacyChanger,
  legacyFields,
  rotationTerms,
  TEST_ROTATED_REF as ref,
} from '#testing';
import { DependencyUnavailable } from '#kernel';
import { Crash, type Fault, type FaultPlan, faulty } from './faulty-port.js';
import { type Scenario } from './rotation-scenario.js';
import { RotationSurroundings, TICK_MS } from './rotation-surroundings.js';
import { harmedCalls, WENT_ON, wentOn } from './way-back.js';

/** A wait that is longer is cut short: nothing happens in it. */
const WAIT_MS_MAX = 3_000;
const TURNS_MAX = 3_000;
const STEPS_MAX = 200;
const CREATION_PATH = 'secret/data/intake/ledger';

/** Puts something broken in the place of a part, to see that the model notices. */
export type Sabotage = (parts: RotationEngineParts, run: RotationRun) => RotationEngineParts;

/** One rotation from its request to its rest, with everything that happens meanwhile. Time is the clock's. */
export class RotationRun extends RotationSurroundings implements FaultPlan {
  wentOnWithoutQuiet = false;
  portCalls = 0;
  #isStill: (() => void) | undefined;
  #still: { readonly untilMs: number; readonly resolve: () => void }[] = [];

  constructor(
    scenario: Scenario,
    private readonly sabotage: Sabotage = (parts) => parts,
  ) {
    super(scenario);
  }

  async run(): Promise<this> {
    await this.#begin();
    await this.#rotators();
    await this.comeToRest();
    return this;
  }

  // The plan of faults.

  take(): Fault | undefined {
    const fault = this.scenario.faults.get(this.portCalls);
    this.portCalls += 1;
    return fault;
  }

  async standStill(isBounded: boolean): Promise<void> {
    const forMs = this.chance.of([1_000, 6_000, 8_000, 20_000]);
    const untilMs = this.elapsedMs + (isBounded ? Math.min(forMs, 8_000) : forMs);
    this.#isStill?.();
    await new Promise<void>((resolve) => this.#still.push({ untilMs, resolve }));
  }

  async around(): Promise<void> {
    const ticks = this.chance.happens(0.3) ? this.chance.int(1, 4) : 0;
    for (let tick = 0; tick < ticks; tick += 1) await this.tick(true);
    this.#check();
  }

  // What there is at the beginning.

  async #begin(): Promise<void> {
    await this.values.put(ref, legacyFields('first'));
    await this.valueOfVersion(1);
    await this.book.adopt({ ref, resource: 'ledger', version: 1 }, []);
    this.startProxies();
    await this.pass(1_000, true);
    await this.store.request({ ...this.rotation, ...(await this.#given()) }, []);
  }

  /** What an administrator hands over. */
  async #given(): Promise<Partial<Rotation>> {
    const { origin, kind } = this.scenario;
    if (origin === 'generated') return {};
    const fields = legacyFields('given');
    // With one value the changer makes it valid; with nobody to change it the administrator has, for both to work.
    if (kind === 'external' && this.scenario.givenValueWorks) this.account.valid.add('given');
    if (origin === 'vault') return { toVersion: await this.values.put(ref, fields) };
    const sealed = this.wraps.seal(this.wrapping.wrap(fields, { creationPath: CREATION_PATH }));
    return { wrap: { ...sealed, told: undefined, unwrapStartedAt: undefined } };
  }

  #engine(): RotationEngine {
    const parts = this.sabotage(this.#parts(), this);
    return new RotationEngine({
      ...parts,
      store: faulty(this.#watched(parts.store), this, 'store'),
      book: faulty(parts.book, this, 'store'),
      secrets: faulty(parts.secrets, this, 'secrets'),
      values: faulty(parts.values, this, 'secrets'),
      budget: faulty(parts.budget, this, 'store'),
      upkeep: faulty(parts.upkeep, this, 'store'),
      wrapping: parts.wrapping && faulty(parts.wrapping, this, 'none'),
    });
  }

  #parts(): RotationEngineParts {
    const { kind, hasReconcile } = this.scenario;
    const changer = new LegacyChanger(this.account, hasReconcile);
    const plan: RotationPlan = {
      ...rotationTerms({ kind, observeMs: 1_000, drainMs: 5_000 }),
      wrapped: { creationPath: CREATION_PATH, ttlSecondsMax: 900, ageSecondsMax: 900 },
      changer: kind === 'external' ? undefined : faulty(changer, this, 'none'),
      probe: faulty(this.probe, this, 'none'),
    };
    const { store, book, secrets, values, budget, wrapping, wraps, clock } = this;
    const upkeep = new InMemoryRotationUpkeep(this.world);
    const plans = new Map([['ledger', plan]]);
    return {
      ...{ store, book, secrets, values, budget, upkeep, wrapping, wraps, plans },
      ...{ events: this.events, clock },
    };
  }

  /** Sees when calls are not waited for. */
  #watched(store: RotationEngineParts['store']): RotationEngineParts['store'] {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        if (name !== 'commit') return member.bind(target) as unknown;
        return (lease: never, step: { next: Rotation; onlyWhenQuiet?: boolean }) => {
          const isHeld = step.next.state === 'applying' && step.next.kind === 'single_slot';
          if (isHeld && step.onlyWhenQuiet !== true && step.next.trigger === 'compromise')
            this.wentOnWithoutQuiet = true;
          return Reflect.apply(member, target, [lease, step]) as unknown;
        };
      },
    });
  }

  // The rotators, one after the other dying.

  async #rotators(): Promise<void> {
    for (let turns = 0; turns < TURNS_MAX; turns += 1) {
      if (this.#unfinished().length === 0 && this.elapsedMs >= this.scenario.interference.atMs)
        return;
      const lease = await this.store.lease(`rotator-${turns}`, ROTATION_LEASE_MS);
      if (lease === undefined) await this.#wait();
      else await this.#work(this.#engine(), lease);
    }
    this.problems.push(
      `no rest after ${TURNS_MAX} turns: ${this.#unfinished()
        .map(({ state }) => state)
        .join()}`,
    );
  }

  #unfinished(): Rotation[] {
    return [...this.world.rotations.values()]
      .map(({ rotation }) => rotation)
      .filter(({ state }) => !isAtRest(state));
  }

  async #work(engine: RotationEngine, first: LeasedRotation): Promise<void> {
    let lease = first;
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const harmed = harmedCalls(this.world, lease.rotation);
      const rotation = await this.#advanced(engine, lease);
      if (wentOn(lease.rotation, rotation, harmed)) this.problems.push(WENT_ON);
      this.#check();
      if (rotation === undefined || isAtRest(rotation.state)) return;
      if (rotation.dueAt > this.clock.now()) return;
      lease = { ...lease, rotation };
    }
    this.problems.push(`a rotation went on for ${STEPS_MAX} steps without a pause`);
  }

  /** Undefined: it died, or stands still; then it goes on later, beside whoever has taken over. */
  #advanced(engine: RotationEngine, lease: LeasedRotation): Promise<Rotation | undefined> {
    const still = new Promise<undefined>((resolve) => {
      this.#isStill = () => {
        resolve(undefined);
      };
    });
    const advancing = engine.advance(lease).catch((error: unknown) => {
      if (!isExpected(error)) this.problems.push(String(error));
      return undefined;
    });
    return Promise.race([advancing, still]);
  }

  protected override wake(): void {
    const awake = this.#still.filter(({ untilMs }) => untilMs <= this.elapsedMs);
    this.#still = this.#still.filter((one) => !awake.includes(one));
    for (const { resolve } of awake) resolve();
  }

  /** Until something is due or a lease has run out. */
  async #wait(): Promise<void> {
    const dues = [...this.world.rotations.values()]
      .filter(({ rotation }) => !isAtRest(rotation.state))
      .map(({ rotation, leaseUntilMs }) => Math.max(rotation.dueAt.getTime(), leaseUntilMs));
    const nowMs = this.clock.now().getTime();
    const waitMs = Math.min(...dues, nowMs + 100_000) - nowMs;
    if (waitMs > WAIT_MS_MAX) {
      for (let ms = 0; ms < WAIT_MS_MAX / 2; ms += TICK_MS) await this.tick(true);
      await this.repeatsEnd();
      const leftMs = nowMs + waitMs - this.clock.now().getTime() - WAIT_MS_MAX / 2;
      if (leftMs > 0) this.clock.advance(leftMs / 1_000);
    }
    const untilMs = Math.max(nowMs + waitMs, this.clock.now().getTime() + TICK_MS);
    while (this.clock.now().getTime() < untilMs) await this.tick(true);
  }

  /** What an administrator did to the account is not ours. */
  #check(): void {
    if (!this.isBroken) this.checkValues();
  }
}

/** The loop of the process: with these the work ends, and the lease runs out. */
const isExpected = (error: unknown): boolean =>
  error instanceof Crash ||
  error instanceof DependencyUnavailable ||
  error instanceof RotationLeaseLost;
