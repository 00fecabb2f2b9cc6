import fc from 'fast-check';
import {
  type CredentialUse,
  INSTANCE_GONE_MS,
  type ManagedCredential,
  ManagedCredentials,
  PinnedCredentials,
  type SecretRef,
} from '#credentials';
import { EventFactory } from '#events';
import { Secret } from '#kernel';
import {
  FixedClock,
  InMemoryCredentialCensus,
  InMemoryRotationWorld,
  InMemorySecretStore,
  SlowCensus,
} from '#testing';

const ref: SecretRef = { mount: 'secret', path: 'legacy/ledger' };

type Step =
  | { readonly kind: 'call' | 'turn' | 'arrive' | 'answer' | 'lose' | 'anew' }
  | { readonly kind: 'answered' | 'leave' | 'again'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Quiet is asked for, and the gate is closed for good while a report is under way. */
  | { readonly kind: 'surprise'; readonly beats: number }
  /** Reports that arrive and are answered at once, as mostly. */
  | { readonly kind: 'beats'; readonly beats: number }
  | { readonly kind: 'quiesce' | 'apply' | 'reopen' | 'resume' };

const simple = (...kinds: Step['kind'][]): fc.Arbitrary<Step> =>
  fc.constantFrom(...kinds).map((kind) => ({ kind }) as Step);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: simple('call') },
  { weight: 10, arbitrary: simple('turn', 'arrive', 'answer') },
  { weight: 1, arbitrary: simple('lose', 'anew') },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom('answered' as const, 'leave' as const, 'again' as const), fc.nat(9))
      .map(([kind, which]): Step => ({ kind, which })),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(10, 60, 110, 260, 900, 2_100, 5_100)
      .map((ms): Step => ({ kind: 'wait', ms })),
  },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 9 }).map((beats): Step => ({ kind: 'beats', beats })),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 9 }).map((beats): Step => ({ kind: 'surprise', beats })),
  },
  { weight: 5, arbitrary: simple('quiesce', 'apply', 'apply', 'reopen', 'resume') },
);

/** One instance and one rotator, and what is really true. */
class World {
  readonly clock = new FixedClock();
  readonly rotation = new InMemoryRotationWorld(this.clock);
  readonly store = new InMemorySecretStore();
  readonly events = new EventFactory({
    ...{ clock: this.clock, environment: 'prod', deployment: 'test', component: 'proxy' },
  });
  readonly census = new SlowCensus(new InMemoryCredentialCensus(this.rotation, this.events));
  nowMs = 1_000;
  readonly managed = new ManagedCredentials({
    census: this.census,
    credentials: new PinnedCredentials({ store: this.store, clock: this.clock }),
    clock: this.clock,
    instanceId: 'instance_1',
    refs: [{ ref, isRotated: true }],
    nowMs: () => this.nowMs,
  });
  /** Calls under way, and whether the legacy system still has to judge them. */
  readonly uses = new Map<CredentialUse, { unanswered: boolean; version: number }>();
  readonly violations: string[] = [];
  waiting = 0;
  begun = 0;
  applied = 0;

  async prepare(): Promise<void> {
    for (const value of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']) {
      await this.store.put(ref, new Map([['password', Secret.of(value)]]));
    }
    this.put({});
  }

  get row(): ManagedCredential | undefined {
    return this.rotation.find(ref)?.credential;
  }

  put(change: Partial<ManagedCredential>): void {
    const before = this.row;
    this.rotation.put({
      ...{ ref, resource: 'ledger', currentVersion: 1, fallbackVersion: undefined },
      ...{ retiredVersion: 0, epoch: 1, gate: 'open', state: 'active' },
      ...before,
      ...change,
      serial: (before?.serial ?? 0) + 1,
    });
  }

  async #beat(): Promise<void> {
    await this.run({ kind: 'wait', ms: 260 });
    for (const kind of ['turn', 'arrive', 'answer'] as const) await this.run({ kind });
  }

  async run(next: Step): Promise<void> {
    if (next.kind === 'beats') {
      for (let beat = 0; beat < next.beats; beat += 1) await this.#beat();
    } else if (next.kind === 'surprise') await this.#surprise(next.beats);
    else {
      await this.#single(next);
      await new Promise(setImmediate);
      this.#check();
    }
  }

  async #surprise(beats: number): Promise<void> {
    await this.run({ kind: 'quiesce' });
    await this.run({ kind: 'beats', beats });
    await this.run({ kind: 'wait', ms: 260 });
    for (const kind of ['turn', 'apply', 'call'] as const) await this.run({ kind });
  }

  async #single(next: Step): Promise<void> {
    if (next.kind === 'wait') {
      this.nowMs += next.ms;
      this.clock.advance(next.ms / 1_000);
    } else if ('which' in next) this.#underWay(next.kind, next.which);
    else await this.#acts[next.kind]?.();
  }

  readonly #acts: Partial<Record<Step['kind'], () => unknown>> = {
    call: () => {
      this.#call();
    },
    turn: () => {
      this.managed.turn();
    },
    anew: () => {
      this.managed.askAnew().catch(() => undefined);
    },
    arrive: () => this.census.arrive(),
    answer: () => {
      this.census.answer();
    },
    lose: () => {
      this.census.lose();
    },
    quiesce: () => {
      if (this.row?.gate === 'open') this.put({ gate: 'quiescing' });
    },
    reopen: () => {
      if (this.row?.gate === 'quiescing') this.put({ gate: 'open' });
    },
    apply: () => {
      this.#apply();
    },
    resume: () => {
      if (this.row?.gate !== 'held') return;
      this.put({ gate: 'open', currentVersion: Math.min(this.row.currentVersion + 1, 6) });
    },
  };

  /** As the rotator does, when all is quiet. */
  #apply(): void {
    if (this.row?.gate !== 'quiescing' || !this.rotation.isQuiet(ref)) return;
    this.#isQuietIndeed();
    this.put({ gate: 'held' });
    this.applied += 1;
  }

  #call(): void {
    const began = (use: CredentialUse | undefined): void => {
      this.waiting -= 1;
      if (use !== undefined) this.#began(use);
    };
    this.waiting += 1;
    new Promise<CredentialUse | undefined>((resolve) => {
      resolve(this.managed.admit(ref, { over: () => undefined }));
    }).then(began, () => (this.waiting -= 1));
  }

  /** The value at the legacy system is being changed, or has been: no call may begin with what it was. */
  #began(use: CredentialUse): void {
    this.begun += 1;
    this.uses.set(use, { unanswered: true, version: use.version });
    if (this.row?.gate === 'held') this.violations.push('begun while the value is changed');
    // With one password at a time, what is not current is dead.
    if (use.version !== this.row?.currentVersion) this.violations.push('begun with a dead value');
  }

  #underWay(kind: 'answered' | 'leave' | 'again', which: number): void {
    const use = [...this.uses.keys()][which];
    const state = use === undefined ? undefined : this.uses.get(use);
    if (use === undefined || state === undefined) return;
    if (kind === 'leave') {
      use.leave();
      this.uses.delete(use);
      return;
    }
    use.answered();
    state.unanswered = false;
    if (kind === 'answered') return;
    this.managed
      .admitAgain(use, (row) => row?.currentVersion, { over: () => undefined })
      .then((version) => {
        if (version !== undefined && this.uses.has(use)) this.#began(use);
      })
      .catch(() => undefined);
  }

  /** What the census believes of an instance that is there is true. */
  #isQuietIndeed(): void {
    const at = this.rotation.instances.get('instance_1')?.atMs ?? -Infinity;
    if (this.clock.now().getTime() - at > INSTANCE_GONE_MS) return;
    expect([...this.uses.values()].filter(({ unanswered }) => unanswered)).toEqual([]);
  }

  #check(): void {
    expect(this.violations).toEqual([]);
    for (const { report } of this.census.letters) {
      for (const { uses } of report.credentials) {
        for (const use of uses)
          expect(Math.min(use.open, use.unanswered, use.recent)).toBeGreaterThanOrEqual(0);
      }
    }
  }

  /** Everything comes to its end when the network does its work. */
  async calmDown(): Promise<void> {
    if (this.row?.gate !== 'open') this.put({ gate: 'open' });
    for (let turns = 0; turns < 6; turns += 1) {
      this.nowMs += 300;
      this.clock.advance(0.3);
      this.managed.turn();
      while (this.census.letters.length > 0) {
        await this.census.arrive();
        this.census.answer();
        await new Promise(setImmediate);
      }
    }
    for (const use of this.uses.keys()) use.leave();
    expect([this.waiting, this.managed.waiting]).toEqual([0, 0]);
    this.managed.turn();
    const open = this.rotation.usesOf(ref)[0]?.uses ?? [];
    expect(open.reduce((sum, use) => sum + use.open, 0)).toBe(this.uses.size);
  }
}

describe('a credential with one value at a time, whatever comes in between', () => {
  it('is on no call that begins while it is changed, and nobody waits for ever', async () => {
    let [begun, applied] = [0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
        async (steps) => {
          const world = new World();
          await world.prepare();
          for (const next of steps) await world.run(next);
          await world.calmDown();
          [begun, applied] = [begun + world.begun, applied + world.applied];
        },
      ),
      { numRuns: 120 },
    );
    // It was worth it: calls began, and values were changed.
    expect([begun > 300, applied > 10]).toEqual([true, true]);
  }, 60_000);
});
