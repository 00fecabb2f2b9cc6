import { type Scenario } from './rotation-scenario.js';
import { FIRST_SEED, goingBack, runAll, withOneCrash } from './run-scenarios.js';

const COMBINATIONS: readonly Pick<Scenario, 'kind' | 'origin' | 'trigger'>[] = [
  { kind: 'single_slot', origin: 'generated', trigger: 'schedule' },
  { kind: 'single_slot', origin: 'wrapped', trigger: 'admin' },
  { kind: 'dual_slot', origin: 'generated', trigger: 'schedule' },
  { kind: 'dual_slot', origin: 'wrapped', trigger: 'admin' },
  { kind: 'external', origin: 'wrapped', trigger: 'admin' },
  { kind: 'external', origin: 'vault', trigger: 'vault_change' },
];
/** Calls of ports that a rotation makes by its end, and more. */
const PORT_CALLS = 100;

it.each(COMBINATIONS)(
  'with one crash after each call of a port every promise is kept for $kind, $origin',
  async (combination) => {
    const outcome = await runAll(PORT_CALLS, undefined, (scenario) =>
      withOneCrash(
        { ...scenario, ...combination, givenValueWorks: true },
        scenario.seed - FIRST_SEED,
      ),
    );
    expect(outcome.broken).toEqual([]);
    expect([...outcome.states.keys()].sort()).toEqual(
      combination.origin === 'wrapped' ? ['done', 'wrap_lost'] : ['done'],
    );
  },
  300_000,
);

it('with one crash after each call of a port every promise is kept when calls go back to the old value', async () => {
  const outcome = await runAll(PORT_CALLS, undefined, (scenario) =>
    withOneCrash(goingBack(scenario), scenario.seed - FIRST_SEED),
  );
  expect(outcome.broken).toEqual([]);
  const states = [...outcome.states.keys()];
  expect(states.filter((state) => state !== 'done' && state !== 'rolled_back')).toEqual([]);
  expect(outcome.states.get('rolled_back')).toBeGreaterThan(PORT_CALLS / 2);
}, 300_000);
