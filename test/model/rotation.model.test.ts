import {
  type LeasedRotation,
  type RotationEngineParts,
  type RotationPlan,
  type RotationStep,
} from '#rotation';
import { type Sabotage } from './rotation-run.js';
import { type Scenario } from './rotation-scenario.js';
import { FIRST_SEED, goingBack, runAll, runsAsked, withOneCrash } from './run-scenarios.js';
import { WENT_ON } from './way-back.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 1_000;
/** Enough for each planted mistake to show. */
const SABOTAGED_RUNS = 60;

it(`keeps every promise of rotation in ${RUNS} runs with crashes, outages, lost answers and administrators`, async () => {
  const runs = runsAsked(RUNS);
  const outcome = await runAll(runs);
  expect(outcome.broken.slice(0, 20)).toEqual([]);
  // That nothing was refused proves nothing where nothing was called, or nothing rotated.
  expect(outcome.accepted).toBeGreaterThan(20 * runs);
  expect(outcome.states.get('done') ?? 0).toBeGreaterThanOrEqual(Math.floor(runs / 2));
  expect(outcome.states.get('rolled_back') ?? 0).toBeGreaterThanOrEqual(Math.floor(runs / 50));
}, 900_000);

const over = <P extends object>(port: P, changes: Partial<P>): P =>
  new Proxy(port, {
    get: (target, name) => {
      const changed: unknown = Reflect.get(changes, name);
      if (changed !== undefined) return changed;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

const withPlan = (
  parts: RotationEngineParts,
  change: (plan: RotationPlan) => Partial<RotationPlan>,
): RotationEngineParts => ({
  ...parts,
  plans: new Map([...parts.plans].map(([id, plan]) => [id, { ...plan, ...change(plan) }])),
});

const withStep = (
  parts: RotationEngineParts,
  change: (step: RotationStep) => RotationStep,
): RotationEngineParts => ({
  ...parts,
  store: over(parts.store, {
    commit: (lease: LeasedRotation, step: RotationStep) => parts.store.commit(lease, change(step)),
  }),
});

const planted: [
  mistake: string,
  symptom: string,
  sabotage: Sabotage,
  refined?: (scenario: Scenario) => Scenario,
][] = [
  [
    'the value is changed before calls are quiet',
    'calls were refused',
    (parts) => withStep(parts, (step) => ({ ...step, onlyWhenQuiet: false })),
  ],
  [
    'a value is promoted that was not verified',
    'calls were refused',
    (parts) =>
      withPlan(parts, ({ probe }) => ({
        probe: over(probe, { verify: async () => ({ result: 'ok', detail: '200' }) }),
      })),
  ],
  [
    'what works is not asked after a crash',
    'calls were refused',
    (parts) =>
      withPlan(parts, ({ probe }) => ({
        probe: over(probe, {
          login: async () => ({ result: 'ok', detail: '200' }),
          verify: async () => ({ result: 'ok', detail: '200' }),
        }),
      })),
  ],
  [
    'a wrapping token is used up without a word of it before',
    'is suspected',
    (parts) =>
      withStep(parts, (step) => {
        const { wrap } = step.next;
        if (wrap === undefined) return step;
        return { ...step, next: { ...step.next, wrap: { ...wrap, unwrapStartedAt: undefined } } };
      }),
    (scenario) =>
      withOneCrash(
        { ...scenario, kind: 'dual_slot', origin: 'wrapped' },
        scenario.seed - FIRST_SEED,
      ),
  ],
  [
    'logins are tried without a budget',
    'logins of rotators failed',
    (parts) => ({
      ...parts,
      budget: over(parts.budget, {
        reserve: async () => ({ kind: 'reserved', id: 'login_free' }),
        settle: async () => undefined,
      }),
    }),
  ],
  [
    'the gate is left closed',
    'the gate stays',
    (parts) =>
      withStep(parts, ({ credential, ...step }) => {
        if (credential === undefined) return step;
        const { gate, ...others } = credential;
        return { ...step, credential: gate === 'open' ? others : credential };
      }),
  ],
  [
    'a transition is not told',
    'without its event',
    (parts) =>
      withStep(parts, (step) => (step.next.state === 'applied' ? { ...step, events: [] } : step)),
  ],
  [
    'the old value is left valid',
    'the old value still works',
    (parts) =>
      withPlan(parts, ({ changer }) => ({
        changer: changer && over(changer, { retire: async () => undefined }),
      })),
  ],
  [
    'nobody looks whether the new value harms calls',
    WENT_ON,
    (parts) => ({
      ...parts,
      book: over(parts.book, { refusals: async () => ({ refused: 0, fallbackWorked: 0 }) }),
    }),
    goingBack,
  ],
  [
    'the new value is ended while calls that go back still use it',
    'calls were refused',
    (parts, run) => ({
      ...parts,
      book: over(parts.book, {
        instances: async (ref) =>
          run.world.rotations.get(run.rotation.id)?.rotation.state === 'rolling_back'
            ? []
            : parts.book.instances(ref),
      }),
    }),
    goingBack,
  ],
];

it.each(
  planted.map(([mistake, symptom, sabotage, refined]) => ({ mistake, symptom, sabotage, refined })),
)(
  'notices when $mistake',
  async ({ symptom, sabotage, refined }) => {
    const outcome = await runAll(SABOTAGED_RUNS, sabotage, refined);
    expect(outcome.broken.filter((one) => one.includes(symptom)).length).toBeGreaterThan(0);
  },
  300_000,
);
