import { RotationRun, type Sabotage } from './rotation-run.js';
import { type Scenario, scenarioOf } from './rotation-scenario.js';
import { broken } from './rotation-verdict.js';

/** Another beginning for other runs; one that failed is run again alone with its seed and POSTERN_TEST_RUNS=1. */
export const FIRST_SEED = Number(process.env['POSTERN_TEST_SEED'] ?? 1);
/** As many, or as POSTERN_TEST_RUNS says. */
export const runsAsked = (count: number): number =>
  Number(process.env['POSTERN_TEST_RUNS'] ?? count);

/** What became of many runs. */
export interface Outcome {
  readonly states: Map<string, number>;
  readonly broken: string[];
  accepted: number;
  /** What replicas that lag behind refused, and nobody could help. */
  refusedByReplicas: number;
}

/** Runs one scenario a seed, and judges each. */
export async function runAll(
  count: number,
  sabotage?: Sabotage,
  refined: (scenario: Scenario) => Scenario = (scenario) => scenario,
): Promise<Outcome> {
  const outcome: Outcome = {
    ...{ states: new Map(), broken: [] },
    ...{ accepted: 0, refusedByReplicas: 0 },
  };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed += 1) {
    const run = await new RotationRun(refined(scenarioOf(seed)), sabotage).run();
    const { state } = run.world.rotations.get(run.rotation.id)!.rotation;
    outcome.states.set(state, (outcome.states.get(state) ?? 0) + 1);
    outcome.accepted += run.sum.accepted;
    outcome.refusedByReplicas += run.sum.refusedByReplicas;
    const problems = await broken(run);
    if (problems.length > 0) outcome.broken.push(`seed ${seed}: ${problems.join('; ')}`);
  }
  return outcome;
}

const LONG_MS = 24 * 3_600_000;

/** No replica takes the new value: calls have to go back to the old one. */
export const goingBack = (scenario: Scenario): Scenario => ({
  ...scenario,
  ...{ kind: 'dual_slot', origin: 'generated', trigger: 'schedule' },
  lag: { share: 1, forMs: LONG_MS },
});

/** Nothing goes wrong but one crash. */
export const withOneCrash = (scenario: Scenario, at: number): Scenario => ({
  ...scenario,
  faults: new Map([[at, 'crash_after']]),
  ...{ fates: [], outage: undefined, trouble: undefined },
  interference: { what: 'none', atMs: 0 },
});
