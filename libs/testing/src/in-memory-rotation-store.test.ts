import { EventFactory } from '#events';
import { DependencyUnavailable } from '#kernel';
import { credentialBreakerContract } from './credential-breaker.contract.js';
import { credentialRefusalsContract } from './credential-refusals.contract.js';
import { aReport, credentialCensusContract } from './credential-census.contract.js';
import { FixedClock } from './fixed-clock.js';
import { InMemoryCredentialBook } from './in-memory-credential-book.js';
import { InMemoryCredentialCensus } from './in-memory-credential-census.js';
import { InMemoryLoginBudget } from './in-memory-login-budget.js';
import { InMemoryRotationStore } from './in-memory-rotation-store.js';
import { InMemoryRotationUpkeep } from './in-memory-rotation-upkeep.js';
import { InMemoryRotationWorld } from './in-memory-rotation-world.js';
import { InMemoryIntakeKeys } from './in-memory-sealed-wraps.js';
import { loginBudgetContract } from './login-budget.contract.js';
import { aRotation, TEST_ROTATED_REF } from './rotation-builders.js';
import { rotationCommitContract } from './rotation-commit.contract.js';
import { rotationInterventionContract } from './rotation-intervention.contract.js';
import { rotationStoreContract } from './rotation-store.contract.js';
import { type RotationStoresUnderTest } from './rotation-stores-under-test.js';
import { rotationUpkeepContract } from './rotation-upkeep.contract.js';

function worldUnderTest(): RotationStoresUnderTest & { readonly world: InMemoryRotationWorld } {
  const clock = new FixedClock();
  const world = new InMemoryRotationWorld(clock);
  const store = new InMemoryRotationStore(world);
  const events = new EventFactory({
    clock,
    environment: 'test',
    deployment: 'contract',
    component: 'proxy',
  });
  const census = new InMemoryCredentialCensus(world, events);
  const budget = new InMemoryLoginBudget(world);
  return {
    world,
    ...{ store, twin: store, control: store },
    book: new InMemoryCredentialBook(world),
    ...{ census, otherCensus: census, budget, otherBudget: budget },
    upkeep: new InMemoryRotationUpkeep(world),
    intakeKeys: new InMemoryIntakeKeys(),
    now: () => clock.now(),
    pass: async (seconds) => clock.advance(seconds),
    eventTypes: async (key) =>
      world.journal.events.filter((one) => one.partitionkey === key).map(({ type }) => type),
    close: async () => undefined,
  };
}

rotationStoreContract(async () => worldUnderTest());
rotationInterventionContract(async () => worldUnderTest());
credentialRefusalsContract(async () => worldUnderTest());
rotationCommitContract(async () => worldUnderTest());
credentialCensusContract(async () => worldUnderTest());
credentialBreakerContract(async () => worldUnderTest());
loginBudgetContract(async () => worldUnderTest());
rotationUpkeepContract(async () => worldUnderTest());

it('fails as a real store does while it is told to be away', async () => {
  const { world, store, book, census, budget, upkeep } = worldUnderTest();
  const allowance = { failuresMax: 2, perSeconds: 900 };
  world.setReachable(false);
  const all = [
    store.request(aRotation(), []),
    store.lease('one', 5_000),
    store.list({ limit: 1 }),
    book.find(TEST_ROTATED_REF),
    book.takeDueBreaker(),
    census.report(aReport('one')),
    census.refused([]),
    budget.reserve(TEST_ROTATED_REF, allowance),
    upkeep.dueVersions(1),
    upkeep.firstSeen('f', 'rot_1'),
  ];
  for (const one of all) await expect(one).rejects.toThrow(DependencyUnavailable);
  world.setReachable(true);
  expect(await store.list({ limit: 1 })).toEqual([]);
});
